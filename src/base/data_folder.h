// Where the files are that the tool reads at run time, such as emulator/, web/ and firmware/: installed, or in the source tree.
// Uses: base/status.
#ifndef QL_BASE_DATA_FOLDER_H
#define QL_BASE_DATA_FOLDER_H

#include "base/status.h"

enum { QL_DATA_PATH_BYTES = 4096 };

// Find the folder that holds `file`, a relative path such as "emulator/emulate.js". These places are searched, in this
// order:
// 1. the folder that the environment variable QUILLET_DATA names (or QUILLET_SOURCES, its former name). If one of them is
//    set, no other place is searched;
// 2. the installed data: share/quillet beside the bin/ of the program, wherever that was moved to;
// 3. the folders that the file quillet.folders beside the program lists, one a line. The build writes this file, with the
//    source tree and the build folder in it, and it is not installed.
// `program`: the absolute path of the program's file; NULL leaves out places 2 and 3.
// folder: QL_DATA_PATH_BYTES for the result, without a slash at the end.
// Errors: QL_ERROR_SYSTEM, with the file, the places and the variable.
enum ql_status ql_data_folder_find(char *folder, const char *program, const char *file, struct ql_error *error);

#endif
