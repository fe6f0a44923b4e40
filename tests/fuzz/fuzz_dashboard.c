// Fuzz target: the input of `quillet watch`'s server. The bytes up to the first zero are the path of a request, the
// next string its Host header, then names and values of parameters in turn. The same bytes are also a run's log, its
// samples and its summary, which are followed as they grow.
// Uses: dashboard, jansson, Linux.
#include <assert.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dashboard/dashboard_request.h"
#include "dashboard/event_list.h"
#include "dashboard/run_watcher.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static const char *next_string(const char **place, const char *end)
{
    const char *string = *place;

    *place += *place < end ? strlen(string) + 1 : 0;
    *place = *place > end ? end : *place;
    return string;
}

static void ask(const char *text, size_t size)
{
    const char *place = text;
    struct ql_dashboard_request request;
    struct ql_error error;

    ql_dashboard_request_init(&request, next_string(&place, text + size));
    assert(request.route == QL_ROUTE_NONE || request.path[0] == '/');
    (void)ql_dashboard_host_check(next_string(&place, text + size), "desk.home");
    while (place < text + size) {
        const char *name = next_string(&place, text + size);
        const char *value = place < text + size ? next_string(&place, text + size) : NULL;
        if (ql_dashboard_request_add(&request, name, value, &error) == QL_ERROR_USAGE) {
            assert(error.message[0] != '\0');
        }
    }
    assert(request.top_p > 0.0 && request.top_p <= 1.0 && request.temperature >= 0.0 && request.temperature <= 100.0);
    assert(request.length >= 1 && request.length <= QL_SAMPLE_SYMBOL_LIMIT && request.top_k >= 0);
    assert(memchr(request.run, '\0', sizeof request.run) != NULL);
}

static char root[32]; // the folder of the run's folder
static int folder = -1;

static void append(const char *name, const uint8_t *data, size_t size)
{
    int file = openat(folder, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (file < 0 || write(file, data, size) != (ssize_t)size) {
        abort();
    }
    (void)close(file);
}

// Every event is one line of JSON that names its run.
static void check_events(const struct ql_event_list *events)
{
    for (size_t i = 0; i < events->count; i++) {
        if (events->events[i].bytes == NULL) {
            continue; // replaced by a later one
        }
        const char *data = strstr(events->events[i].bytes, "\ndata: ");
        assert(data != NULL);
        json_t *object = json_loads(data + 7, JSON_DISABLE_EOF_CHECK, NULL);
        assert(json_is_string(json_object_get(object, "run")));
        json_decref(object);
        assert(strchr(data + 7, '\n') == events->events[i].bytes + events->events[i].size - 2);
    }
}

// Rows and samples of the run are JSON for any request.
static void ask_watcher(struct ql_run_watcher *watcher, const uint8_t *data, size_t size)
{
    struct ql_error error;
    char *text;
    const double from = size > 0 ? data[0] : 0.0, to = size > 1 ? data[1] * 1e13 : 9e15;

    if (ql_run_watcher_read_rows(watcher, &text, "run", from, to, 1 + (int)(size % 7), &error) == QL_OK) {
        json_t *rows = json_loads(text, 0, NULL);
        assert(json_is_array(json_object_get(rows, "rows")));
        json_decref(rows);
        free(text);
    }
    if (ql_run_watcher_read_sample(watcher, &text, "run", (int)(size % 100), &error) == QL_OK) {
        json_t *sample = json_loads(text, 0, NULL);
        assert(json_is_string(json_object_get(sample, "text")));
        json_decref(sample);
        free(text);
    }
}

static void remove_folders(void)
{
    char run[40];

    (void)snprintf(run, sizeof run, "%s/run", root);
    (void)rmdir(run);
    (void)rmdir(root);
}

static void follow(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"training.log.csv", "samples.jsonl", "summary.json"};
    struct ql_event_list events;
    struct ql_run_watcher watcher;
    struct ql_error error;
    bool news;

    if (folder < 0) {
        char run[40];
        memcpy(root, "fuzz_dashboard.XXXXXX", 22);
        if (mkdtemp(root) == NULL) {
            abort();
        }
        (void)snprintf(run, sizeof run, "%s/run", root);
        (void)mkdir(run, 0700);
        (void)atexit(remove_folders);
        folder = open(run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    ql_event_list_init(&events, 1, (size_t)1 << 20);
    append("training.log.csv", (const uint8_t *)"epoch,step,train_loss,val_loss\n", 31);
    assert(ql_run_watcher_open(&watcher, root, &events, &error) == QL_OK);
    for (int half = 0; half < 2; half++) {
        for (int i = 0; i < 3; i++) {
            append(names[i], half == 0 ? data : data + size / 2, half == 0 ? size / 2 : size - size / 2);
        }
        assert(ql_run_watcher_step(&watcher, &news, &error) == QL_OK);
        check_events(&events);
    }
    ask_watcher(&watcher, data, size);
    ql_run_watcher_close(&watcher);
    ql_event_list_free(&events);
    for (int i = 0; i < 3; i++) {
        (void)unlinkat(folder, names[i], 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    char *text = malloc(size_bytes + 1);

    if (text == NULL) {
        abort();
    }
    if (size_bytes > 0) {
        memcpy(text, data, size_bytes);
    }
    text[size_bytes] = '\0';
    ask(text, size_bytes);
    free(text);
    follow(data, size_bytes);
    return 0;
}
