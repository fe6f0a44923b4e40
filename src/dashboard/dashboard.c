// Serves the page: see dashboard.h.
// One thread of libmicrohttpd answers everybody; the caller's thread follows the logs. A client that has all events is
// suspended until there are new ones. Events that a client has not taken yet stay in the one list that all clients
// share, so a slow client costs no memory. A sample is written when its reader has room, so it stops when the client
// leaves.
// Uses: base, filter/{filter_file,lexicon_file}, dashboard/..., jansson, libmicrohttpd, POSIX.
#include "dashboard/dashboard.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <microhttpd.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/system.h"
#include "dashboard/dashboard_request.h"
#include "dashboard/event_list.h"
#include "dashboard/page_file.h"
#include "dashboard/panel_page.h"
#include "dashboard/run_watcher.h"
#include "dashboard/sample_stream.h"
#include "filter/filter_file.h"
#include "filter/lexicon_file.h"

enum {
    LOOK_MS = 200,       // between two looks at the logs
    LOOK_LIMIT_MS = 800, // after several looks without news
    BREATH_MS = 15000,   // a client is sent something at least this often, which shows whether it is gone
    BLOCK_BYTES = 16384, // requested by libmicrohttpd at a time
    SAMPLE_LIMIT = 8,    // texts written at the same time
    CLIENT_LIMIT = 500,
    SEAT_LIMIT = 450,        // with more connections, the one that was idle longest is closed
    IDLE_LIMIT_S = 60,       // for a client that asks for nothing; suspended ones do not count
    EVENT_BYTES = 256 << 20, // of all events
};

struct client {
    struct ql_dashboard_server *server;
    struct MHD_Connection *connection;
    struct ql_event_place place;
    size_t offset;
    bool suspended, gone;
    int64_t heard_ms; // when it was last sent something
    struct client *next, **link;
};

// A connection, with or without a request.
struct seat {
    struct MHD_Connection *connection;
    int requests;   // being answered
    uint64_t heard; // counts requests and new connections; larger is later
    bool shut;
    struct seat *next, **link;
};

struct ql_dashboard_server {
    struct MHD_Daemon *daemon;
    struct ql_event_list events;
    struct ql_run_watcher watcher;
    const char *language, *filter, *lexicon; // owned by the caller
    char host[256];
    pthread_mutex_t lock; // for the members below
    struct client *clients;
    struct seat *seats;
    int seat_count; // without those that are shut down
    uint64_t heard;
    int samples;
    bool closing;
};

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Takes ownership of `response`, which is NULL when there is not enough memory; then the connection is closed.
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response,
                              const char *type)
{
    static const char *const headers[][2] = {
        {"Cache-Control", "no-store"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"X-Frame-Options", "DENY"},
        {"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                                    "img-src 'self' data:; base-uri 'none'; form-action 'none'; "
                                    "frame-ancestors 'none'"},
    };

    if (response == NULL) {
        return MHD_NO;
    }
    bool complete = MHD_add_response_header(response, "Content-Type", type) == MHD_YES;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        complete = MHD_add_response_header(response, headers[i][0], headers[i][1]) == MHD_YES && complete;
    }
    enum MHD_Result result = complete ? MHD_queue_response(connection, status, response) : MHD_NO;
    MHD_destroy_response(response);
    return result;
}

// Answers with a sentence for a human. `text` is copied.
static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status, const char *text)
{
    char line[1024];
    int size = snprintf(line, sizeof line, "%s\n", text);
    size_t bytes = size < (int)sizeof line ? (size_t)size : sizeof line - 1;

    return answer(connection, status, MHD_create_response_from_buffer(bytes, line, MHD_RESPMEM_MUST_COPY),
                  "text/plain; charset=utf-8");
}

static unsigned status_of(const struct ql_error *error)
{
    switch (error->status) {
    case QL_ERROR_USAGE:
        return MHD_HTTP_BAD_REQUEST;
    case QL_ERROR_INPUT:
    case QL_ERROR_SYSTEM:
        return MHD_HTTP_NOT_FOUND;
    default:
        return MHD_HTTP_INTERNAL_SERVER_ERROR;
    }
}

static enum MHD_Result answer_file(struct MHD_Connection *connection, const char *path)
{
    for (const struct ql_page_file *file = ql_page_files; file->path != NULL; file++) {
        if (strcmp(file->path, path) == 0) {
            // The library asks for memory that it may write to, and with this mode only reads it.
            // NOLINTNEXTLINE(performance-no-int-to-ptr)
            void *bytes = (void *)(uintptr_t)file->bytes;
            return answer(connection, MHD_HTTP_OK,
                          MHD_create_response_from_buffer(file->size, bytes, MHD_RESPMEM_PERSISTENT), file->type);
        }
    }
    return answer_text(connection, MHD_HTTP_NOT_FOUND, "There is no such page.");
}

static ssize_t read_events(void *argument, uint64_t position, char *bytes, size_t room)
{
    struct client *client = argument;
    struct ql_dashboard_server *server = client->server;
    static const char greeting[] = "retry: 1000\n\n";
    static const char breath[] = ":\n\n";
    ssize_t result;

    if (position == 0) {
        memcpy(bytes, greeting, sizeof greeting - 1);
        client->heard_ms = now_ms();
        return sizeof greeting - 1;
    }
    (void)pthread_mutex_lock(&server->lock);
    result = (ssize_t)ql_event_list_read(&server->events, &client->place, &client->offset, bytes, room);
    if (server->closing || client->gone) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (result == 0 && client->offset == 0 && now_ms() - client->heard_ms >= BREATH_MS) {
        memcpy(bytes, breath, sizeof breath - 1);
        result = sizeof breath - 1;
    } else if (result == 0) {
        client->suspended = true;
        MHD_suspend_connection(client->connection);
    }
    if (result > 0) {
        client->heard_ms = now_ms();
    }
    (void)pthread_mutex_unlock(&server->lock);
    return result;
}

static void free_client(void *argument)
{
    struct client *client = argument;

    (void)pthread_mutex_lock(&client->server->lock);
    *client->link = client->next;
    if (client->next != NULL) {
        client->next->link = client->link;
    }
    (void)pthread_mutex_unlock(&client->server->lock);
    free(client);
}

static enum MHD_Result answer_events(struct ql_dashboard_server *server, struct MHD_Connection *connection)
{
    const char *id = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Last-Event-ID");
    struct client *client = calloc(1, sizeof *client);

    if (client == NULL) {
        return MHD_NO;
    }
    client->server = server;
    client->connection = connection;
    client->place = ql_event_list_find(&server->events, id);
    (void)pthread_mutex_lock(&server->lock);
    client->next = server->clients;
    client->link = &server->clients;
    if (client->next != NULL) {
        client->next->link = &client->next;
    }
    server->clients = client;
    (void)pthread_mutex_unlock(&server->lock);

    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_events, client, free_client);
    if (response == NULL) {
        free_client(client);
    }
    return answer(connection, MHD_HTTP_OK, response, "text/event-stream; charset=utf-8");
}

struct sample {
    struct ql_dashboard_server *server;
    struct ql_sample_stream stream;
};

static ssize_t read_sample(void *argument, uint64_t position, char *bytes, size_t room)
{
    struct sample *sample = argument;
    size_t size = ql_sample_stream_write(&sample->stream, bytes, room);

    (void)position;
    return size == 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)size;
}

// Changes the number of samples being written, and returns it; it is unchanged if it would exceed the limit.
static bool change_samples(struct ql_dashboard_server *server, int change)
{
    (void)pthread_mutex_lock(&server->lock);
    bool allowed = server->samples + change <= SAMPLE_LIMIT;
    server->samples += allowed ? change : 0;
    (void)pthread_mutex_unlock(&server->lock);
    return allowed;
}

static void free_sample(void *argument)
{
    struct sample *sample = argument;

    ql_sample_stream_free(&sample->stream);
    (void)change_samples(sample->server, -1);
    free(sample);
}

static enum MHD_Result answer_sample(struct ql_dashboard_server *server, struct MHD_Connection *connection,
                                     const struct ql_dashboard_request *request)
{
    struct ql_error error;
    int file;

    if (request->epoch < 0 || request->run[0] == '\0') {
        return answer_text(connection, MHD_HTTP_BAD_REQUEST, "A sample needs a run and an epoch.");
    }
    if (ql_run_watcher_open_checkpoint(&server->watcher, &file, request->run, request->epoch, &error) != QL_OK) {
        return answer_text(connection, status_of(&error), error.message);
    }
    if (!change_samples(server, 1)) {
        (void)close(file);
        return answer_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "Too many samples at a time; try again.");
    }
    struct sample *sample = calloc(1, sizeof *sample);
    enum ql_status status =
        sample == NULL ? ql_error_write(&error, QL_ERROR_SYSTEM, "not enough memory")
                       : ql_sample_stream_init(&sample->stream, file, request, request->filter ? server->filter : NULL,
                                               request->lexicon ? server->lexicon : NULL, &error);
    (void)close(file);
    if (status != QL_OK) {
        (void)change_samples(server, -1);
        free(sample);
        return answer_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, error.message);
    }
    sample->server = server;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_sample, sample, free_sample);
    if (response == NULL) {
        free_sample(sample);
    }
    return answer(connection, MHD_HTTP_OK, response, "text/plain; charset=utf-8");
}

static enum MHD_Result answer_guards(const struct ql_dashboard_server *server, struct MHD_Connection *connection)
{
    char text[128];
    const int size = snprintf(text, sizeof text, "{\"filter\": %s, \"lexicon\": %s, \"language\": \"%.40s\"}\n",
                              server->filter == NULL ? "false" : "true", server->lexicon == NULL ? "false" : "true",
                              server->language == NULL ? "" : server->language);

    return answer(connection, MHD_HTTP_OK, MHD_create_response_from_buffer((size_t)size, text, MHD_RESPMEM_MUST_COPY),
                  "application/json");
}

// The pixels of a page: a frame of the panel, 15000 bytes; no content if the texts do not fit on a page.
static enum MHD_Result answer_panel(struct MHD_Connection *connection, const struct ql_dashboard_request *request)
{
    uint8_t frame[QL_PANEL_PAGE_BYTES];

    if (!ql_panel_page_write(frame, request->quote, request->name)) {
        return answer(connection, MHD_HTTP_NO_CONTENT,
                      MHD_create_response_from_buffer(0, frame, MHD_RESPMEM_PERSISTENT), "text/plain");
    }
    return answer(connection, MHD_HTTP_OK, MHD_create_response_from_buffer(sizeof frame, frame, MHD_RESPMEM_MUST_COPY),
                  "application/octet-stream");
}

static enum MHD_Result answer_checkpoints(struct ql_dashboard_server *server, struct MHD_Connection *connection,
                                          const struct ql_dashboard_request *request)
{
    struct ql_error error;
    int *epochs;
    int count;

    if (ql_run_watcher_find_checkpoints(&server->watcher, &epochs, &count, request->run, &error) != QL_OK) {
        free(epochs);
        return answer_text(connection, status_of(&error), error.message);
    }
    json_t *list = json_array();
    for (int i = 0; i < count; i++) {
        (void)json_array_append_new(list, json_integer(epochs[i]));
    }
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    free(epochs);
    struct MHD_Response *response =
        text == NULL ? NULL : MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(text);
    }
    return answer(connection, MHD_HTTP_OK, response, "application/json");
}

static enum MHD_Result answer_rows(struct ql_dashboard_server *server, struct MHD_Connection *connection,
                                   const struct ql_dashboard_request *request)
{
    struct ql_error error;
    char *text;
    enum ql_status status = request->route == QL_ROUTE_ROWS
                                ? ql_run_watcher_read_rows(&server->watcher, &text, request->run, request->from,
                                                           request->to, request->points, &error)
                                : ql_run_watcher_read_sample(&server->watcher, &text, request->run,
                                                             request->epoch < 0 ? INT_MAX : request->epoch, &error);

    if (status != QL_OK) {
        return answer_text(connection, status_of(&error), error.message);
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(text);
    }
    return answer(connection, MHD_HTTP_OK, response, "application/json");
}

struct query {
    struct ql_dashboard_request *request;
    struct ql_error error;
    enum ql_status status;
};

static enum MHD_Result take_parameter(void *argument, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct query *query = argument;

    (void)kind;
    if (query->status == QL_OK && name != NULL) {
        query->status = ql_dashboard_request_add(query->request, name, value, &query->error);
    }
    return query->status == QL_OK ? MHD_YES : MHD_NO;
}

// Refuses requests from other sites' pages. Browsers say where a request comes from.
static bool request_is_foreign(struct MHD_Connection *connection)
{
    const char *site = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Sec-Fetch-Site");
    return site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

// Under the lock: the seat that was idle longest, or, if none is idle, the one with the oldest request. The new one is
// spared: it has not had the time to ask for anything, so it may be the only idle one.
static struct seat *find_oldest_seat(const struct ql_dashboard_server *server, const struct seat *newest)
{
    struct seat *oldest = NULL;

    for (struct seat *seat = server->seats; seat != NULL; seat = seat->next) {
        const bool idle = seat->requests == 0;
        if (seat->shut || seat == newest) {
            continue;
        }
        if (oldest == NULL || (idle && oldest->requests > 0) ||
            (idle == (oldest->requests == 0) && seat->heard < oldest->heard)) {
            oldest = seat;
        }
    }
    return oldest;
}

// Keeps track of connections, so that clients that only hold one never keep others out. A connection is closed by
// shutting down its socket; libmicrohttpd then notices the end.
static void note_connection(void *argument, struct MHD_Connection *connection, void **context,
                            enum MHD_ConnectionNotificationCode code)
{
    struct ql_dashboard_server *server = argument;

    (void)pthread_mutex_lock(&server->lock);
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct seat *seat = calloc(1, sizeof *seat);
        if (seat != NULL) {
            *seat = (struct seat){.connection = connection, .heard = ++server->heard, .link = &server->seats};
            seat->next = server->seats;
            if (seat->next != NULL) {
                seat->next->link = &seat->next;
            }
            server->seats = seat;
            server->seat_count++;
        }
        *context = seat;
        if (server->seat_count > SEAT_LIMIT) {
            struct seat *oldest = find_oldest_seat(server, seat);
            oldest->shut = true;
            server->seat_count--;
            (void)shutdown(MHD_get_connection_info(oldest->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
                           SHUT_RDWR);
        }
    } else if (*context != NULL) {
        struct seat *seat = *context;
        server->seat_count -= !seat->shut;
        *seat->link = seat->next;
        if (seat->next != NULL) {
            seat->next->link = seat->link;
        }
        free(seat);
        *context = NULL;
    }
    (void)pthread_mutex_unlock(&server->lock);
}

// A request begins or ends.
static void change_requests(struct ql_dashboard_server *server, struct MHD_Connection *connection, int change)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct seat *seat = info == NULL ? NULL : info->socket_context;

    if (seat != NULL) {
        (void)pthread_mutex_lock(&server->lock);
        seat->requests += change;
        seat->heard = ++server->heard;
        (void)pthread_mutex_unlock(&server->lock);
    }
}

static void note_completion(void *argument, struct MHD_Connection *connection, void **context,
                            enum MHD_RequestTerminationCode code)
{
    (void)code;
    if (*context != NULL) {
        change_requests(argument, connection, -1);
    }
}

static enum MHD_Result handle(void *argument, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **context)
{
    static int seen;
    struct ql_dashboard_server *server = argument;
    struct ql_dashboard_request request;
    struct query query = {.request = &request, .status = QL_OK};

    (void)version;
    (void)upload;
    if (*context == NULL) { // only the head; anything that the client sends after it comes with further calls
        *context = &seen;
        change_requests(server, connection, 1);
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD are answered.");
    }
    if (!ql_dashboard_host_check(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host"), server->host)) {
        return answer_text(connection, MHD_HTTP_FORBIDDEN,
                           "This server is not known by that name; `quillet watch --host` gives it one.");
    }
    ql_dashboard_request_init(&request, url);
    if (request.route != QL_ROUTE_FILE && request_is_foreign(connection)) {
        return answer_text(connection, MHD_HTTP_FORBIDDEN, "Only the page of this server may ask for that.");
    }
    (void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, take_parameter, &query);
    if (query.status != QL_OK) {
        return answer_text(connection, status_of(&query.error), query.error.message);
    }
    switch (request.route) {
    case QL_ROUTE_FILE:
        return answer_file(connection, request.path);
    case QL_ROUTE_EVENTS:
        return answer_events(server, connection);
    case QL_ROUTE_ROWS:
    case QL_ROUTE_WRITTEN:
        return answer_rows(server, connection, &request);
    case QL_ROUTE_CHECKPOINTS:
        return answer_checkpoints(server, connection, &request);
    case QL_ROUTE_SAMPLE:
        return answer_sample(server, connection, &request);
    case QL_ROUTE_GUARDS:
        return answer_guards(server, connection);
    case QL_ROUTE_PANEL:
        return answer_panel(connection, &request);
    case QL_ROUTE_NONE:
        break;
    }
    return answer_text(connection, MHD_HTTP_NOT_FOUND, "There is no such page.");
}

// libmicrohttpd reports malformed requests on stderr, which this library must not write to.
static void hear_nothing(void *argument, const char *format, va_list arguments)
{
    (void)argument;
    (void)format;
    (void)arguments;
}

static enum ql_status listen_at(struct ql_dashboard_server *server, const struct ql_dashboard_options *options,
                                struct ql_error *error)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *address = NULL;
    char port[8];

    (void)snprintf(port, sizeof port, "%d", options->port);
    errno = 0;
    int failure = getaddrinfo(options->host, port, &hints, &address);
    if (failure != 0) {
        // When memory is short, glibc reports EAI_MEMORY, EAI_SYSTEM, or that there is no such name.
        bool system = failure == EAI_MEMORY || failure == EAI_SYSTEM || failure == EAI_AGAIN || errno == ENOMEM;
        return ql_error_write(error, system ? QL_ERROR_SYSTEM : QL_ERROR_USAGE, "--host %s: %s", options->host,
                              failure == EAI_SYSTEM ? strerror(errno) : gai_strerror(failure));
    }
    // Not epoll, with which libmicrohttpd 0.9.75 overlooks clients that leave between two requests.
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG;
    flags |= address->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0;
    errno = 0;
    server->daemon = MHD_start_daemon(
        flags, (uint16_t)options->port, NULL, NULL, handle, server, MHD_OPTION_EXTERNAL_LOGGER, hear_nothing, NULL,
        MHD_OPTION_SOCK_ADDR, address->ai_addr, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CLIENT_LIMIT,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_LIMIT_S, MHD_OPTION_NOTIFY_CONNECTION, note_connection, server,
        MHD_OPTION_NOTIFY_COMPLETED, note_completion, server, MHD_OPTION_END);
    int reason = errno;
    freeaddrinfo(address);
    if (server->daemon == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "cannot listen at %s, port %d: %s; --port 0 takes a free one",
                              options->host, options->port, reason == 0 ? "unknown" : strerror(reason));
    }
    return QL_OK;
}

// Reads the filter and the lexicon, so that a bad file is reported at the start, and not to a visitor.
static enum ql_status check_guards(const struct ql_dashboard_options *options, struct ql_error *error)
{
    struct ql_filter_file filter = {0};
    struct ql_lexicon_file lexicon = {0};
    enum ql_status status = QL_OK;

    if (options->filter != NULL) {
        status = ql_filter_file_load(&filter, options->filter, error);
    }
    if (status == QL_OK && options->lexicon != NULL) {
        status = ql_lexicon_file_load(&lexicon, options->lexicon, error);
    }
    ql_filter_file_free(&filter);
    ql_lexicon_file_free(&lexicon);
    return status;
}

enum ql_status ql_dashboard_open(struct ql_dashboard *dashboard, const struct ql_dashboard_options *options,
                                 struct ql_error *error)
{
    struct ql_dashboard_server *server = calloc(1, sizeof *server);
    uint32_t era;

    *dashboard = (struct ql_dashboard){0};
    if (server == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the server");
    }
    if (!ql_system_random(&era, sizeof era)) {
        era = (uint32_t)time(NULL);
    }
    (void)snprintf(server->host, sizeof server->host, strchr(options->host, ':') == NULL ? "%s" : "[%s]",
                   options->host);
    (void)pthread_mutex_init(&server->lock, NULL);
    ql_event_list_init(&server->events, era, EVENT_BYTES);
    server->language = options->language;
    server->filter = options->filter;
    server->lexicon = options->lexicon;
    enum ql_status status = check_guards(options, error);
    if (status == QL_OK) {
        status = ql_run_watcher_open(&server->watcher, options->path, &server->events, error);
    }
    if (status == QL_OK) {
        status = listen_at(server, options, error);
    }
    dashboard->server = server;
    if (status != QL_OK) {
        ql_dashboard_close(dashboard);
        return status;
    }
    dashboard->port = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return QL_OK;
}

// Nobody reads from a suspended connection, so nobody would notice that its client has left.
static bool client_is_gone(struct client *client)
{
    int socket = MHD_get_connection_info(client->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    char byte;
    ssize_t size = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return size == 0 || (size < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

// Resumes the clients that wait for events, or only those that have been sent nothing for a while, and those that left.
static void wake(struct ql_dashboard_server *server, bool all)
{
    const int64_t now = now_ms();

    (void)pthread_mutex_lock(&server->lock);
    for (struct client *client = server->clients; client != NULL; client = client->next) {
        client->gone = client->gone || (client->suspended && client_is_gone(client));
        if (client->suspended && (all || client->gone || now - client->heard_ms >= BREATH_MS)) {
            client->suspended = false;
            MHD_resume_connection(client->connection);
        }
    }
    (void)pthread_mutex_unlock(&server->lock);
}

enum ql_status ql_dashboard_run(struct ql_dashboard *dashboard, const volatile sig_atomic_t *stop,
                                struct ql_error *error)
{
    struct ql_dashboard_server *server = dashboard->server;
    int pause_ms = LOOK_MS;
    enum ql_status status = QL_OK;

    while (status == QL_OK && *stop == 0) {
        bool news;
        status = ql_run_watcher_step(&server->watcher, &news, error);
        wake(server, news);
        if (!news) {
            const struct timespec pause = {.tv_nsec = pause_ms * 1000000L};
            (void)nanosleep(&pause, NULL);
        }
        pause_ms = news ? LOOK_MS : pause_ms + LOOK_MS / 10;
        pause_ms = pause_ms < LOOK_LIMIT_MS ? pause_ms : LOOK_LIMIT_MS;
    }
    return status;
}

void ql_dashboard_close(struct ql_dashboard *dashboard)
{
    struct ql_dashboard_server *server = dashboard->server;

    if (server == NULL) {
        return;
    }
    if (server->daemon != NULL) {
        (void)pthread_mutex_lock(&server->lock);
        server->closing = true;
        (void)pthread_mutex_unlock(&server->lock);
        wake(server, true);
        MHD_stop_daemon(server->daemon);
    }
    ql_run_watcher_close(&server->watcher);
    ql_event_list_free(&server->events);
    (void)pthread_mutex_destroy(&server->lock);
    free(server);
    *dashboard = (struct ql_dashboard){0};
}
