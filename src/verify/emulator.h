// The emulator of the Pico: where it is, and a language model in it as a stage.
// Uses: base, verify/{stage,workshop}.
#ifndef QL_VERIFY_EMULATOR_H
#define QL_VERIFY_EMULATOR_H

#include "base/status.h"
#include "verify/stage.h"
#include "verify/workshop.h"

#define QL_EMULATED_STAGE "RP2040 (emulated)"

struct ql_emulator {
    const char *node;                    // the program that runs the script
    char script[QL_WORKSHOP_PATH_BYTES]; // emulator/emulate.js
};

// Finds it in the folder of the tool's data (base/data_folder.h). Errors: QL_ERROR_MISSING, saying what to install.
enum ql_status ql_emulator_find(struct ql_emulator *emulator, const char *data_folder, struct ql_error *error);

// Builds the workshop's model.c with firmware/port/pipe/pico as an image for the Pico, and opens it, in the emulator, as a
// stage. Errors: QL_ERROR_MISSING where emulator, compiler or Pico SDK are not installed, QL_ERROR_INPUT with the words of
// the build when it fails.
enum ql_status ql_emulated_stage_open(struct ql_stage *stage, const struct ql_workshop *workshop, int V,
                                      struct ql_error *error);

// The characters that a stage on the emulated Pico may read, and may write, in some seconds: it takes about as long for a
// character of a float model as the Pico does. `parameters`: of the model.
int ql_emulated_length(long parameters);

#endif
