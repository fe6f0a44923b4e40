// Runs other programs: one to its end, or one that answers requests line by line.
// Uses: base, POSIX.
#ifndef QL_VERIFY_PROCESS_H
#define QL_VERIFY_PROCESS_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/status.h"

// Runs a program to its end. What it writes to either output is kept from the user, and put into the message when it
// fails. argv ends with NULL; argv[0] is looked up in PATH.
// Errors: QL_ERROR_MISSING when it is not there, QL_ERROR_SYSTEM when it cannot be started, QL_ERROR_INPUT when it ends with
// a status other than 0.
enum ql_status ql_process_run(const char *const *argv, struct ql_error *error);

// True when PATH has a program of that name, or, for a name with a slash, when the file is there.
bool ql_process_check(const char *name);

// A program on a pipe.
struct ql_process {
    pid_t pid;
    bool has_pipes; // to it and from it:
    int requests, answers;
    FILE *messages;    // a temporary file with its standard error
    char *line;        // the newest answer, and after it what else has been read
    size_t line_bytes; // of the newest answer with its end
    size_t read_bytes, room_bytes;
    int patience_ms;     // timeout for the next byte, in either direction; 0 means no limit
    size_t answer_bytes; // the longest answer that is read; 0 means 1 GB
};

// Starts it. Errors: QL_ERROR_MISSING, QL_ERROR_SYSTEM. The struct must start as {0}.
enum ql_status ql_process_open(struct ql_process *process, const char *const *argv, struct ql_error *error);

// Writes a request, as printf does, with a newline; waits for one line of answer, which stands in `line` without its
// newline until the next request. Errors: QL_ERROR_INPUT when the program ended, with the end of what it wrote to its
// standard error, when for the timeout it neither read a byte of the request nor wrote one of the answer, or when the
// answer is too long; QL_ERROR_SYSTEM without memory for the answer.
enum ql_status ql_process_step(struct ql_process *process, const char *request, struct ql_error *error);

// Ends it. Harmless on {0}.
void ql_process_close(struct ql_process *process);

#endif
