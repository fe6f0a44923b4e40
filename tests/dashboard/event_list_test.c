// The list of events: every client gets each of them once, in order, no matter in what pieces it reads.
// Uses: cmocka, dashboard/event_list.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dashboard/event_list.h"

static const uint32_t ERA = 4294967295u;

// Reads everything available, at most `step` bytes at a time.
static void read_all(struct ql_event_list *list, struct ql_event_place *place, char *text, size_t room, size_t step)
{
    size_t size = 0, offset = 0, copied;

    while ((copied = ql_event_list_read(list, place, &offset, text + size, step)) > 0) {
        size += copied;
        assert_true(size + step < room);
    }
    assert_int_equal(offset, 0);
    text[size] = '\0';
}

static void list_read_in_any_pieces_gives_every_event_once(void **state)
{
    static const char expected[] = "event: restart\ndata: {}\n\n"
                                   "id: 4294967295.1\nevent: row\ndata: {\"epoch\":1}\n\n"
                                   "id: 4294967295.2\nevent: row\ndata: {\"epoch\":2}\n\n";
    struct ql_event_list list;
    struct ql_error error;

    (void)state;
    ql_event_list_init(&list, ERA, 1000);
    assert_int_equal(ql_event_list_add(&list, "row", "{\"epoch\":1}", &error), QL_OK);
    assert_int_equal(ql_event_list_add(&list, "row", "{\"epoch\":2}", &error), QL_OK);
    for (size_t step = strlen("event: restart\ndata: {}\n\n"); step < 200; step++) {
        struct ql_event_place place = ql_event_list_find(&list, NULL);
        char text[1000];
        read_all(&list, &place, text, sizeof text, step);
        assert_string_equal(text, expected);
    }
    ql_event_list_free(&list);
}

static void list_client_that_comes_back_goes_on_behind_its_id(void **state)
{
    struct ql_event_list list;
    struct ql_error error;
    char text[1000];

    (void)state;
    ql_event_list_init(&list, ERA, 1000);
    assert_int_equal(ql_event_list_add(&list, "row", "1", &error), QL_OK);
    assert_int_equal(ql_event_list_add(&list, "row", "2", &error), QL_OK);
    struct ql_event_place place = ql_event_list_find(&list, "4294967295.1");
    read_all(&list, &place, text, sizeof text, 100);
    assert_string_equal(text, "id: 4294967295.2\nevent: row\ndata: 2\n\n");

    static const char *const strangers[] = {"",
                                            "4294967295",
                                            "4294967295.3",
                                            "4294967294.1",
                                            "4294967295.1x",
                                            "x.1",
                                            "4294967295.-1",
                                            "4294967295.1 ",
                                            " ",
                                            "1.1",
                                            "\n.1",
                                            "99999999999999999999.99999999999999999999"};
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        place = ql_event_list_find(&list, strangers[i]);
        read_all(&list, &place, text, sizeof text, 100);
        assert_memory_equal(text, "event: restart\n", 15);
    }
    ql_event_list_free(&list);
}

static void list_new_era_restarts_every_client_even_within_an_event(void **state)
{
    struct ql_event_list list;
    struct ql_error error;
    char text[1000] = "";
    size_t offset = 0;

    (void)state;
    ql_event_list_init(&list, ERA, 1000);
    assert_int_equal(ql_event_list_add(&list, "row", "a long event that is not read to its end", &error), QL_OK);
    struct ql_event_place place = {ERA, 0};
    size_t size = ql_event_list_read(&list, &place, &offset, text, 30);
    assert_int_equal(size, 30);
    ql_event_list_reset(&list);
    assert_int_equal(ql_event_list_add(&list, "row", "new", &error), QL_OK);
    size += ql_event_list_read(&list, &place, &offset, text + size, sizeof text - size - 1);
    assert_string_equal(text + 30, "\n\nevent: restart\ndata: {}\n\nid: 0.1\nevent: row\ndata: new\n\n");
    ql_event_list_free(&list);
}

static void list_event_that_is_replaced_is_told_to_nobody_who_comes_later(void **state)
{
    struct ql_event_list list;
    struct ql_error error;
    char text[1000] = "";
    size_t offset = 0, former = 0;

    (void)state;
    ql_event_list_init(&list, 7, 100);
    assert_int_equal(ql_event_list_renew(&list, &former, "rows", "the first state", &error), QL_OK);
    assert_int_equal(former, 1);
    struct ql_event_place reader = {7, 0};
    size_t size = ql_event_list_read(&list, &reader, &offset, text, 20);
    assert_int_equal(size, 20);
    // Thousands of states fit in the space of two.
    for (int i = 0; i < 5000; i++) {
        assert_int_equal(ql_event_list_renew(&list, &former, "rows", "another state", &error), QL_OK);
    }
    assert_int_equal(former, 5001);
    size += ql_event_list_read(&list, &reader, &offset, text + size, 1); // no room for the rest of an event
    assert_int_equal(size, 20);
    size += ql_event_list_read(&list, &reader, &offset, text + size, sizeof text - size - 1);
    assert_string_equal(text + 20, "\n\nid: 7.5001\nevent: rows\ndata: another state\n\n");
    struct ql_event_place place = {7, 0};
    read_all(&list, &place, text, sizeof text, 100);
    assert_string_equal(text, "id: 7.5001\nevent: rows\ndata: another state\n\n");
    ql_event_list_free(&list);
}

static void list_full_refuses_and_keeps_what_it_has(void **state)
{
    struct ql_event_list list;
    struct ql_error error;
    char text[1000];

    (void)state;
    ql_event_list_init(&list, 7, 40);
    assert_int_equal(ql_event_list_add(&list, "row", "1", &error), QL_OK);
    assert_int_equal(ql_event_list_add(&list, "row", "2", &error), QL_ERROR_INPUT);
    struct ql_event_place place = {7, 0};
    read_all(&list, &place, text, sizeof text, 100);
    assert_string_equal(text, "id: 7.1\nevent: row\ndata: 1\n\n");
    ql_event_list_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_read_in_any_pieces_gives_every_event_once),
        cmocka_unit_test(list_client_that_comes_back_goes_on_behind_its_id),
        cmocka_unit_test(list_new_era_restarts_every_client_even_within_an_event),
        cmocka_unit_test(list_event_that_is_replaced_is_told_to_nobody_who_comes_later),
        cmocka_unit_test(list_full_refuses_and_keeps_what_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
