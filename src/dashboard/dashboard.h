// Serves a page that shows trainings while they run, and on which a visitor can let their checkpoints write.
// docs/watch.md has the addresses. A request changes nothing, and reads nothing outside of the runs' folder except the
// filter and the lexicon of the options.
// Uses: base, filter, dashboard/..., libmicrohttpd; the layout of the panel's page, of firmware/app.
#ifndef QL_DASHBOARD_DASHBOARD_H
#define QL_DASHBOARD_DASHBOARD_H

#include <signal.h>

#include "base/status.h"

struct ql_dashboard_options {
    const char *path;             // RUN/training.log.csv, RUN, or a folder of runs
    const char *host;             // the address to listen at, a name or a number; "127.0.0.1" is this machine alone
    int port;                     // 0 is any that is free
    const char *language;         // of the texts, a tag (ql_html_is_language); NULL: not known
    const char *filter, *lexicon; // compiled ones, which a sample obeys when it is asked to; NULL: there is none
};

// Zero-initialized is closed.
struct ql_dashboard {
    struct ql_dashboard_server *server;
    int port;
};

// Listens. The filter and the lexicon of the options are read once, to check them, and again for each sample.
// Errors: those of the run watcher and of the two files; QL_ERROR_SYSTEM for an address at which the server cannot
// listen.
enum ql_status ql_dashboard_open(struct ql_dashboard *dashboard, const struct ql_dashboard_options *options,
                                 struct ql_error *error);

// Follows the logs until `*stop` is not 0, which may be set by a signal handler. Errors: QL_ERROR_SYSTEM.
enum ql_status ql_dashboard_run(struct ql_dashboard *dashboard, const volatile sig_atomic_t *stop,
                                struct ql_error *error);

void ql_dashboard_close(struct ql_dashboard *dashboard);

#endif
