// `quillet compile --arduino`: a folder that the Arduino IDE takes as a library, with an example that prints texts.
// Uses: base, codegen.
#ifndef QL_CLI_ARDUINO_H
#define QL_CLI_ARDUINO_H

#include <stddef.h>

#include "base/status.h"

// Make the folder with its parents, and write the path of the source, FOLDER/src/NAME.c, to `output`. NAME is the
// folder's own name as an identifier; the header stands beside the source.
// Errors: QL_ERROR_USAGE for a folder whose name is not an identifier, QL_ERROR_SYSTEM for a folder that cannot be
// made.
enum ql_status ql_cli_arduino_begin(char *output, size_t output_bytes, const char *folder, struct ql_error *error);

// Write library.properties, and the example examples/NAME/NAME.ino for the model whose names begin with `prefix`.
// output: from ql_cli_arduino_begin. Errors: QL_ERROR_SYSTEM with the path and the reason.
enum ql_status ql_cli_arduino_end(const char *output, const char *folder, const char *prefix, struct ql_error *error);

#endif
