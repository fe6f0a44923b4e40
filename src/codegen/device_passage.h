// The passages of device/: functions, tables, types, and macros, each with its comment, and what each of them mentions.
// A generated source holds those that it needs, verbatim, and no others.
// Uses: base, codegen/device_file.
#ifndef QL_CODEGEN_DEVICE_PASSAGE_H
#define QL_CODEGEN_DEVICE_PASSAGE_H

#include <stdio.h>

#include "base/arena.h"

struct ql_device_passages {
    struct ql_arena *arena; // of the arrays below
    struct ql_device_passage *passages;
    struct ql_device_name *names; // that passages define
    bool *files_kept, *files_written;
    int count, name_count;
};

// Finds the passages of all files of device/. None is kept yet. Out of memory, arena->exhausted says so, and the set is
// empty.
void ql_device_passages_init(struct ql_device_passages *set, struct ql_arena *arena);

// Keeps every passage that defines a name which the C source `text` mentions, then all that these mention, and so on.
// A function that stands in several branches of an #if is kept in all of them, with the lines of the #if.
void ql_device_passages_need(struct ql_device_passages *set, const char *text);

// Keeps the pragmas and the checks of a file, such as "device/exact.h", which define no name.
void ql_device_passages_need_file(struct ql_device_passages *set, const char *path);

// Writes nothing of this file, whatever is kept.
void ql_device_passages_leave_out(struct ql_device_passages *set, const char *path);

// Writes what is kept, each file's part between "// begin device/NAME" and "// end device/NAME", after the parts of the
// files that it includes. Include lines and include guards are left out.
void ql_device_passages_write(struct ql_device_passages *set, FILE *stream);

#endif
