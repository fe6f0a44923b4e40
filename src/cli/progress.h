// The progress bar on stderr: one line that is drawn over itself, and wiped before anything else is printed; and times
// and counts as a person reads them.
// Uses: the C library.
#ifndef QL_CLI_PROGRESS_H
#define QL_CLI_PROGRESS_H

#include <stdbool.h>

struct ql_cli_progress {
    bool shown;        // false: nothing is ever drawn
    double last_drawn; // monotonic seconds
};

// Seconds of a monotonic clock.
double ql_cli_seconds(void);

// Draws the bar, at most ten times a second: `share` from 0 to 1, then the text.
void ql_cli_progress_write(struct ql_cli_progress *progress, double share, const char *text);
void ql_cli_progress_reset(struct ql_cli_progress *progress);

// "1:02:03" or "2:03", and "152,000", for people; the buffers have 32 bytes.
void ql_cli_write_time(char *text, double seconds);
void ql_cli_write_count(char *text, double count);

// The ending of what is counted: "" for 1, and "s".
const char *ql_cli_plural(double count);

#endif
