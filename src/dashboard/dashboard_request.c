// What a browser asks for: see dashboard_request.h.
// Uses: base, the C library.
#include "dashboard/dashboard_request.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void ql_dashboard_request_init(struct ql_dashboard_request *request, const char *path)
{
    static const struct {
        const char *path;
        enum ql_route route;
    } routes[] = {
        {"/events", QL_ROUTE_EVENTS},   {"/rows", QL_ROUTE_ROWS},
        {"/written", QL_ROUTE_WRITTEN}, {"/checkpoints", QL_ROUTE_CHECKPOINTS},
        {"/sample", QL_ROUTE_SAMPLE},   {"/guards", QL_ROUTE_GUARDS},
        {"/panel", QL_ROUTE_PANEL},
    };
    size_t length = strlen(path);

    *request = (struct ql_dashboard_request){
        .epoch = -1, .temperature = 0.8, .top_p = 1.0, .length = 500, .to = 9e15, .points = 500};
    if (path[0] != '/' || length >= sizeof request->path) {
        return;
    }
    memcpy(request->path, path, length + 1);
    request->route = QL_ROUTE_FILE;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (strcmp(path, routes[i].path) == 0) {
            request->route = routes[i].route;
        }
    }
}

static enum ql_status read_number(double *number, const char *name, const char *value, double low, double high,
                                  bool whole, struct ql_error *error)
{
    char *end;

    errno = 0;
    double read = strtod(value, &end);
    // strtod would also take spaces, "inf", "nan" and hexadecimal digits.
    bool plain = value[strspn(value, "0123456789+-.eE")] == '\0';
    if (!plain || end == value || *end != '\0' || errno != 0 || !(read >= low && read <= high) ||
        (whole && read != floor(read))) {
        return ql_error_write(error, QL_ERROR_USAGE, "%s must be %s from %g to %.10g", name,
                              whole ? "an integer" : "a number", low, high);
    }
    *number = read;
    return QL_OK;
}

// Copies a value that is text. Errors: QL_ERROR_USAGE for one that is too long.
static enum ql_status read_text(char *text, size_t room, const char *name, const char *value, struct ql_error *error)
{
    if (strlen(value) >= room) {
        return ql_error_write(error, QL_ERROR_USAGE, "%s is too long", name);
    }
    memcpy(text, value, strlen(value) + 1);
    return QL_OK;
}

// Long because of its cases: one for each parameter.
enum ql_status ql_dashboard_request_add(struct ql_dashboard_request *request, const char *name, const char *value,
                                        struct ql_error *error)
{
    const struct {
        const char *name;
        double low, high;
        bool whole;
    } numbers[] = {
        {"epoch", 0, 999999999, true}, {"temperature", 0, 100, false}, {"top_p", 0.000001, 1, false},
        {"top_k", 0, 65535, true},     {"seed", 0, UINT32_MAX, true},  {"length", 1, QL_SAMPLE_SYMBOL_LIMIT, true},
        {"from", 0, 9e15, false},      {"to", 0, 9e15, false},         {"points", 1, QL_ROW_POINT_LIMIT, true},
        {"filter", 0, 1, true},        {"lexicon", 0, 1, true},
    };
    double number;

    value = value == NULL ? "" : value;
    if (strcmp(name, "run") == 0) {
        return read_text(request->run, sizeof request->run, "the run's name", value, error);
    }
    if (strcmp(name, "quote") == 0) {
        return read_text(request->quote, sizeof request->quote, "the quote", value, error);
    }
    if (strcmp(name, "name") == 0) {
        return read_text(request->name, sizeof request->name, "the name", value, error);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(name, numbers[i].name) != 0) {
            continue;
        }
        enum ql_status status =
            read_number(&number, name, value, numbers[i].low, numbers[i].high, numbers[i].whole, error);
        if (status != QL_OK) {
            return status;
        }
        switch (i) {
        case 0:
            request->epoch = (int)number;
            break;
        case 1:
            request->temperature = number;
            break;
        case 2:
            request->top_p = number;
            break;
        case 3:
            request->top_k = (int)number;
            break;
        case 4:
            request->seed = (uint32_t)number;
            break;
        case 5:
            request->length = (int)number;
            break;
        case 6:
            request->from = number;
            break;
        case 7:
            request->to = number;
            break;
        case 8:
            request->points = (int)number;
            break;
        case 9:
            request->filter = number > 0;
            break;
        default:
            request->lexicon = number > 0;
        }
    }
    return QL_OK;
}

bool ql_dashboard_host_check(const char *host, const char *own)
{
    const char *const names[] = {"localhost", "127.0.0.1", "[::1]", own};

    if (host == NULL) {
        return true;
    }
    // The port behind the name does not matter: it is that of the connection.
    size_t length = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    if (length > strlen(host)) {
        return false;
    }
    const char *port = host + length;
    if (*port == ':' && port[1 + strspn(port + 1, "0123456789")] != '\0') {
        return false;
    }
    if (*port != ':' && *port != '\0') {
        return false;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i] != NULL && strlen(names[i]) == length && strncasecmp(host, names[i], length) == 0) {
            return true;
        }
    }
    return false;
}
