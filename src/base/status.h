// Status codes and error messages: how every fallible function of Quillet reports.
// A function returns `enum ql_status`; the words for a person go into the caller's `struct ql_error`.
// Uses: the C library only.
#ifndef QL_BASE_STATUS_H
#define QL_BASE_STATUS_H

enum ql_status {
    QL_OK = 0,
    QL_ERROR_INPUT,   // the data is wrong: a bad byte, a truncated file, a value out of range
    QL_ERROR_USAGE,   // the command line is wrong; the process exits with 2
    QL_ERROR_SYSTEM,  // the operating system refused: no such file, no memory, disk full
    QL_ERROR_MISSING, // another program, or a library of one, is not installed or cannot work here
    QL_ERROR_NUMERIC, // a computation left the numbers: NaN or infinity
    QL_ERROR_STOPPED, // the caller asked for an early end (a signal, a callback)
};

// Longest message, including the final NUL; longer ones are cut.
enum { QL_ERROR_MESSAGE_BYTES = 1024 };

struct ql_error {
    enum ql_status status;
    char message[QL_ERROR_MESSAGE_BYTES]; // what, where (file, line, node), and what to do; no newline at the end
};

// Writes the message (printf format) and evaluates to `status`, so that a failing function can end with
// `return ql_error_write(error, QL_ERROR_INPUT, "...")`. `error` may be NULL when nobody will read it.
// A macro, so that every reader of the code, a static analyzer too, sees which status comes back.
#define ql_error_write(error, status, ...) (ql_error_format((error), (status), __VA_ARGS__), (enum ql_status)(status))
void ql_error_format(struct ql_error *error, enum ql_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Puts context in front of a message that is already there: "names.txt:12: " + message. Returns error->status, or
// QL_ERROR_INPUT where `error` is NULL.
enum ql_status ql_error_prefix(struct ql_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
