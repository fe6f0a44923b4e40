// Files that change together: all of them get their new content, or all keep the old one, even when the process is
// killed in between.
//
// A change is written down before it is made: the folder gets a list, `.quillet-set`, that says which temporary file
// becomes which name. At no moment do the names have files of both, the old content and the new. A process that finds
// such a list, whose lock no other process holds, finishes the change (a writer) or reads the temporary file in place
// of the name (a reader). If a rename fails, the list says that the change is undone, which is finished in the same
// way. Only a list that belongs to the user of the process counts, and it can name nothing but temporary files of ours
// in the same folder. Uses: base/sha256, base/status, POSIX.
#ifndef QL_BASE_FILE_SET_H
#define QL_BASE_FILE_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

// A file that is complete and on the disk, and the name that it is to get.
struct ql_file_move {
    const char *temporary_path, *path;
};

// The name of a temporary file in a folder: this beginning, something that makes it unique, this ending.
extern const char ql_temporary_prefix[], ql_temporary_suffix[];
bool ql_temporary_name_check(const char *name);

// Renames all files, or none. All must be in one folder or in folders directly within it; the folder is that of the
// last one. Files that are elsewhere are renamed one after another, in their order. Waits some seconds for another
// process that is changing files in the same folder.
// Errors: QL_ERROR_SYSTEM with the path and the reason; all names have their former content then. If not even that was
// possible, `unfinished` is true: the list stays, with the temporary files, which the caller must not remove, and the
// next process finishes or undoes the change.
enum ql_status ql_file_set_move(const struct ql_file_move *moves, size_t count, bool *unfinished,
                                struct ql_error *error);

// Finishes a change that a killed process has left in the folder of `path`. Returns false when there is one that cannot
// be finished now: it is still at work, or belongs to somebody else.
bool ql_file_set_finish(const char *path);

// Where the content of `path` is while a change is unfinished: a new path that the caller frees; otherwise NULL.
char *ql_file_set_find(const char *path);

// Syncs the folder that holds the path, so that a new name in it is durable.
void ql_file_sync_folder(const char *path);

// Allocates "FOLDER OF PATH/NAME"; NULL when there is not enough memory.
char *ql_file_path_beside(const char *path, const char *name);

#endif
