// The progress bar on stderr: see progress.h.
#include "cli/progress.h"

#include <stdio.h>
#include <time.h>

enum { BAR_WIDTH = 20 };

double ql_cli_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void ql_cli_progress_write(struct ql_cli_progress *progress, double share, const char *text)
{
    char bar[BAR_WIDTH + 1];
    double now = ql_cli_seconds();

    if (!progress->shown || now - progress->last_drawn < 0.1) {
        return;
    }
    progress->last_drawn = now;
    for (int i = 0; i < BAR_WIDTH; i++) {
        bar[i] = i < (int)(share * BAR_WIDTH + 0.5) ? '#' : '.';
    }
    bar[BAR_WIDTH] = '\0';
    // Without wrapping: \r leads to the beginning of the last line only, so a bar that takes two would fill the screen.
    (void)fprintf(stderr, "\r\033[K\033[?7l[%s] %s\033[?7h", bar, text);
    (void)fflush(stderr);
}

void ql_cli_progress_reset(struct ql_cli_progress *progress)
{
    if (progress->shown && progress->last_drawn != 0.0) {
        (void)fprintf(stderr, "\r\033[K");
        progress->last_drawn = 0.0;
    }
}

void ql_cli_write_time(char *text, double seconds)
{
    long whole = seconds < 0.0 ? 0 : seconds > 3e8 ? 300000000 : (long)(seconds + 0.5);

    if (whole >= 3600) {
        (void)snprintf(text, 32, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    } else {
        (void)snprintf(text, 32, "%ld:%02ld", whole / 60, whole % 60);
    }
}

void ql_cli_write_count(char *text, double count)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%.0f", count < 0.0 ? 0.0 : count > 1e15 ? 1e15 : count);
    int place = 0;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            text[place++] = ',';
        }
        text[place++] = digits[i];
    }
    text[place] = '\0';
}

const char *ql_cli_plural(double count)
{
    return count == 1.0 ? "" : "s";
}
