// The events so far, in order: see event_list.h.
// Uses: base, pthreads, the C library.
#include "dashboard/event_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// An era's first event, which is not in the list: its id is that of zero events.
static const char restart[] = "event: restart\ndata: {}\n\n";

void ql_event_list_init(struct ql_event_list *list, uint32_t era, size_t byte_limit)
{
    *list = (struct ql_event_list){.era = era, .byte_limit = byte_limit};
    (void)pthread_mutex_init(&list->lock, NULL);
}

static void clear(struct ql_event_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->events[i].bytes);
    }
    free(list->events);
    list->events = NULL;
    list->count = list->room = list->bytes = 0;
}

void ql_event_list_free(struct ql_event_list *list)
{
    clear(list);
    (void)pthread_mutex_destroy(&list->lock);
}

void ql_event_list_reset(struct ql_event_list *list)
{
    (void)pthread_mutex_lock(&list->lock);
    clear(list);
    list->era++;
    (void)pthread_mutex_unlock(&list->lock);
}

// Under the lock.
static enum ql_status add(struct ql_event_list *list, size_t byte_limit, const char *name, const char *data,
                          struct ql_error *error)
{
    static const char format[] = "id: %" PRIu32 ".%zu\nevent: %s\ndata: %s\n\n";
    int size = snprintf(NULL, 0, format, list->era, list->count + 1, name, data);

    if (list->bytes + (size_t)size > byte_limit) {
        return ql_error_write(error, QL_ERROR_INPUT, "the logs are longer than the %zu MB that are shown",
                              byte_limit >> 20);
    }
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 64 : 2 * list->room;
        struct ql_event *events = realloc(list->events, room * sizeof *events);
        if (events == NULL) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the logs");
        }
        list->events = events;
        list->room = room;
    }
    char *bytes = malloc((size_t)size + 1);
    if (bytes == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the logs");
    }
    (void)snprintf(bytes, (size_t)size + 1, format, list->era, list->count + 1, name, data);
    list->events[list->count].bytes = bytes;
    list->events[list->count++].size = (size_t)size;
    list->bytes += (size_t)size;
    return QL_OK;
}

enum ql_status ql_event_list_add(struct ql_event_list *list, const char *name, const char *data, struct ql_error *error)
{
    (void)pthread_mutex_lock(&list->lock);
    enum ql_status status = add(list, list->byte_limit, name, data, error);
    (void)pthread_mutex_unlock(&list->lock);
    return status;
}

enum ql_status ql_event_list_renew(struct ql_event_list *list, size_t *former, const char *name, const char *data,
                                   struct ql_error *error)
{
    (void)pthread_mutex_lock(&list->lock);
    enum ql_status status = add(list, list->byte_limit, name, data, error);
    if (status == QL_OK && *former > 0) {
        struct ql_event *event = &list->events[*former - 1];
        list->bytes -= event->size;
        free(event->bytes);
        *event = (struct ql_event){0};
    }
    *former = status == QL_OK ? list->count : *former;
    (void)pthread_mutex_unlock(&list->lock);
    return status;
}

enum ql_status ql_event_list_add_last(struct ql_event_list *list, const char *name, const char *data,
                                      struct ql_error *error)
{
    (void)pthread_mutex_lock(&list->lock);
    enum ql_status status = add(list, SIZE_MAX, name, data, error);
    (void)pthread_mutex_unlock(&list->lock);
    return status;
}

// The end of an event that was started and has since been removed.
static const char cut[] = "\n\n";

// Under the lock. Restarts are short and are sent as a whole, so `room` must be large enough.
static size_t begin_era(const struct ql_event_list *list, struct ql_event_place *place, size_t *offset, char *bytes,
                        size_t room)
{
    const size_t cut_size = *offset > 0 ? sizeof cut - 1 : 0;
    const size_t size = cut_size + sizeof restart - 1;

    if (size > room) {
        return 0;
    }
    memcpy(bytes, cut, cut_size);
    memcpy(bytes + cut_size, restart, sizeof restart - 1);
    *place = (struct ql_event_place){list->era, 0};
    *offset = 0;
    return size;
}

size_t ql_event_list_read(struct ql_event_list *list, struct ql_event_place *place, size_t *offset, char *bytes,
                          size_t room)
{
    size_t copied = 0;

    (void)pthread_mutex_lock(&list->lock);
    if (place->era != list->era) {
        copied = begin_era(list, place, offset, bytes, room);
    }
    while (place->era == list->era && place->count < list->count && copied < room) {
        const struct ql_event *event = &list->events[place->count];
        if (event->bytes == NULL) {
            if (*offset > 0 && room - copied < sizeof cut - 1) {
                break;
            }
            memcpy(bytes + copied, cut, *offset > 0 ? sizeof cut - 1 : 0);
            copied += *offset > 0 ? sizeof cut - 1 : 0;
            place->count++;
            *offset = 0;
            continue;
        }
        size_t size = event->size - *offset;
        size = size < room - copied ? size : room - copied;
        memcpy(bytes + copied, event->bytes + *offset, size);
        copied += size;
        *offset += size;
        if (*offset == event->size) {
            place->count++;
            *offset = 0;
        }
    }
    (void)pthread_mutex_unlock(&list->lock);
    return copied;
}

struct ql_event_place ql_event_list_find(struct ql_event_list *list, const char *id)
{
    struct ql_event_place place = {0};
    unsigned long long era; // any number of ten digits, so that none overflows
    size_t count;
    int end = 0;

    (void)pthread_mutex_lock(&list->lock);
    place.era = list->era - 1; // a client that has not seen anything of this era
    if (id != NULL && sscanf(id, "%10llu.%9zu%n", &era, &count, &end) == 2 && id[end] == '\0' && era == list->era &&
        count <= list->count) {
        place = (struct ql_event_place){list->era, count};
    }
    (void)pthread_mutex_unlock(&list->lock);
    return place;
}
