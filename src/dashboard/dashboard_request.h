// What a browser asks for, read from the parts of an HTTP request. Trusts nothing; allocates nothing.
// Uses: base, dashboard/run_watcher (sizes).
#ifndef QL_DASHBOARD_DASHBOARD_REQUEST_H
#define QL_DASHBOARD_DASHBOARD_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "dashboard/run_watcher.h"

enum ql_route {
    QL_ROUTE_NONE,        // there is no such page
    QL_ROUTE_FILE,        // a part of the page: `path` says which
    QL_ROUTE_EVENTS,      // the list of events, and what is added to it
    QL_ROUTE_ROWS,        // of `run`, from `from` to `to`, thinned to about `points`
    QL_ROUTE_WRITTEN,     // what the training wrote of `run` at `epoch`, or last before it
    QL_ROUTE_CHECKPOINTS, // of `run`
    QL_ROUTE_SAMPLE,      // a text by the checkpoint `epoch` of `run`
    QL_ROUTE_GUARDS,      // which of filter and lexicon there are
    QL_ROUTE_PANEL,       // `quote` and `name` as a page of the panel
};

enum {
    QL_SAMPLE_SYMBOL_LIMIT = 20000,
    QL_ROW_POINT_LIMIT = 10000,  // of a request for rows
    QL_REQUEST_PATH_BYTES = 64,  // with the NUL; no path of ours is longer
    QL_REQUEST_TEXT_BYTES = 512, // with the NUL; more does not fit on a panel
};

struct ql_dashboard_request {
    enum ql_route route;
    char path[QL_REQUEST_PATH_BYTES];
    char run[QL_WATCHER_NAME_BYTES];
    int epoch;
    double temperature, top_p, from, to;
    int top_k, length, points;
    bool filter, lexicon; // of a sample: whether it obeys them
    char quote[QL_REQUEST_TEXT_BYTES], name[QL_REQUEST_TEXT_BYTES];
    uint32_t seed;
};

// Reads the path (without the query) and gives every parameter its default. An unknown path is QL_ROUTE_NONE.
void ql_dashboard_request_init(struct ql_dashboard_request *request, const char *path);

// Takes a parameter of the query, decoded; `value` is NULL for one without "=". Unknown ones are ignored.
// Errors: QL_ERROR_USAGE for a value out of range.
enum ql_status ql_dashboard_request_add(struct ql_dashboard_request *request, const char *name, const char *value,
                                        struct ql_error *error);

// Returns whether the header "Host" means this server. This refuses pages of other sites whose name was made to resolve
// to this server's address (DNS rebinding). `host` may be NULL (HTTP/1.0). `own` is the name that the user gave to the
// server; the names of the machine itself are always right.
bool ql_dashboard_host_check(const char *host, const char *own);

#endif
