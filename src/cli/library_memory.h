// Memory for jansson, which leaves out of an object what it has no memory for, and says so in return values that nobody
// can look at for each field. When an allocation has failed, all later ones fail too. So no such object becomes a text
// any more, and what would write it reports an error.
// Uses: jansson.
#ifndef QL_CLI_LIBRARY_MEMORY_H
#define QL_CLI_LIBRARY_MEMORY_H

#include <stdbool.h>

// To be called before anything uses jansson.
void ql_cli_library_memory_init(void);

bool ql_cli_library_memory_failed(void);

#endif
