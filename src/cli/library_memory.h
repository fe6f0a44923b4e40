// Allocates memory for jansson. Without memory, jansson leaves fields out of an object, and says so in return values
// that cannot be checked for each field. Here, all later allocations fail after the first one that failed, so an
// incomplete object is never written: writing it reports an error.
// Uses: jansson.
#ifndef QL_CLI_LIBRARY_MEMORY_H
#define QL_CLI_LIBRARY_MEMORY_H

#include <stdbool.h>

// To be called before anything uses jansson.
void ql_cli_library_memory_init(void);

bool ql_cli_library_memory_failed(void);

#endif
