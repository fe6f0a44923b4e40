// A list of events, in their order, that only grows. Every client reads it at its own pace.
// When earlier events are no longer true (a log was cut or replaced), the list starts again with the next era.
// Uses: base, pthreads. All functions may be called from any thread.
#ifndef QL_DASHBOARD_EVENT_LIST_H
#define QL_DASHBOARD_EVENT_LIST_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

// An event as a client gets it: the lines "id:", "event:" and "data:" of server-sent events, and the empty line.
struct ql_event {
    char *bytes; // NULL of an event that a later one has replaced
    size_t size;
};

struct ql_event_list {
    pthread_mutex_t lock;
    uint32_t era; // differs from era to era, and most probably from one server to the next
    struct ql_event *events;
    size_t count, room;
    size_t bytes, byte_limit; // of all events together
};

// Where a client is: the era that it has seen, and how many events of that.
struct ql_event_place {
    uint32_t era;
    size_t count;
};

// `era` is where the counting begins; take a random number.
void ql_event_list_init(struct ql_event_list *list, uint32_t era, size_t byte_limit);
void ql_event_list_free(struct ql_event_list *list);

// Forgets all events. Every client then gets a "restart", and after it the events of the new era.
void ql_event_list_reset(struct ql_event_list *list);

// Adds an event. `name` is a word; `data` is one line of text (JSON), of which a copy is taken.
// Errors: QL_ERROR_SYSTEM for no memory, QL_ERROR_INPUT when the limit is reached; the list is as before then.
enum ql_status ql_event_list_add(struct ql_event_list *list, const char *name, const char *data,
                                 struct ql_error *error);

// Adds an event that replaces event number `*former` (from 1 on; 0 for none), and puts its own number there. A client that
// has begun to read the former one gets an empty line in the place of the rest. Errors: as above.
enum ql_status ql_event_list_renew(struct ql_event_list *list, size_t *former, const char *name, const char *data,
                                   struct ql_error *error);

// Adds an event beyond the limit: the one that says that it is reached. Errors: QL_ERROR_SYSTEM for no memory.
enum ql_status ql_event_list_add_last(struct ql_event_list *list, const char *name, const char *data,
                                      struct ql_error *error);

// Copies what comes after `place`, up to `room` bytes from byte `*offset` of the next event on, and moves `place` and
// `*offset` accordingly. Returns the bytes copied; 0 when the client has everything. `*offset` begins as 0. An event
// that was begun when the era ended is cut, by an empty line.
size_t ql_event_list_read(struct ql_event_list *list, struct ql_event_place *place, size_t *offset, char *bytes,
                          size_t room);

// The place that an "id:" names, for a client that comes back; the beginning, where the id is not of this era.
struct ql_event_place ql_event_list_find(struct ql_event_list *list, const char *id);

#endif
