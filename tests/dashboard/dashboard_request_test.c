// What a browser asks for: routes, parameters in and out of range, and the names of the server.
// Uses: cmocka, dashboard/dashboard_request.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "dashboard/dashboard_request.h"

static void request_path_decides_the_route(void **state)
{
    static const struct {
        const char *path;
        enum ql_route route;
    } cases[] = {
        {"/", QL_ROUTE_FILE},
        {"/dashboard.js", QL_ROUTE_FILE},
        {"/events", QL_ROUTE_EVENTS},
        {"/checkpoints", QL_ROUTE_CHECKPOINTS},
        {"/sample", QL_ROUTE_SAMPLE},
        {"/guards", QL_ROUTE_GUARDS},
        {"/panel", QL_ROUTE_PANEL},
        {"/sample/", QL_ROUTE_FILE},
        {"", QL_ROUTE_NONE},
        {"events", QL_ROUTE_NONE},
        {"/a-path-that-is-longer-than-all-that-this-server-has-to-offer-to-any-client", QL_ROUTE_NONE},
    };
    struct ql_dashboard_request request;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ql_dashboard_request_init(&request, cases[i].path);
        assert_int_equal(request.route, cases[i].route);
    }
}

static void request_parameters_in_range_are_taken(void **state)
{
    struct ql_dashboard_request request;
    struct ql_error error;

    (void)state;
    ql_dashboard_request_init(&request, "/sample");
    assert_int_equal(ql_dashboard_request_add(&request, "run", "names", &error), QL_OK);
    assert_int_equal(ql_dashboard_request_add(&request, "epoch", "12", &error), QL_OK);
    assert_int_equal(ql_dashboard_request_add(&request, "temperature", "1.5e-1", &error), QL_OK);
    assert_int_equal(ql_dashboard_request_add(&request, "top_p", "0.95", &error), QL_OK);
    assert_int_equal(ql_dashboard_request_add(&request, "top_k", "10", &error), QL_OK);
    assert_int_equal(ql_dashboard_request_add(&request, "seed", "4294967295", &error), QL_OK);
    assert_int_equal(ql_dashboard_request_add(&request, "length", "20000", &error), QL_OK);
    assert_int_equal(ql_dashboard_request_add(&request, "unknown", "x", &error), QL_OK);
    assert_string_equal(request.run, "names");
    assert_int_equal(request.epoch, 12);
    assert_true(request.temperature == 0.15);
    assert_true(request.top_p == 0.95);
    assert_int_equal(request.top_k, 10);
    assert_true(request.seed == 4294967295u);
    assert_int_equal(request.length, 20000);
}

static void request_parameters_out_of_range_are_errors(void **state)
{
    static const char *const cases[][2] = {
        {"epoch", ""},          {"epoch", "-1"},        {"epoch", "1.5"},       {"epoch", "1e99"},
        {"temperature", "nan"}, {"temperature", "inf"}, {"temperature", "0x1"}, {"temperature", " 1"},
        {"temperature", "101"}, {"top_p", "0"},         {"top_p", "1.01"},      {"top_k", "65536"},
        {"seed", "4294967296"}, {"seed", "-1"},         {"length", "0"},        {"length", "20001"},
        {"length", "1;2"},      {"seed", NULL},
    };
    static char long_name[400];
    struct ql_dashboard_request request;
    struct ql_error error;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ql_dashboard_request_init(&request, "/sample");
        assert_int_equal(ql_dashboard_request_add(&request, cases[i][0], cases[i][1], &error), QL_ERROR_USAGE);
        assert_non_null(strstr(error.message, cases[i][0]));
    }
    memset(long_name, 'x', sizeof long_name - 1);
    assert_int_equal(ql_dashboard_request_add(&request, "run", long_name, &error), QL_ERROR_USAGE);
}

static void host_of_this_machine_is_right_and_others_are_not(void **state)
{
    static const char *const right[] = {NULL,          "localhost", "LOCALHOST:8080", "127.0.0.1",
                                        "127.0.0.1:1", "[::1]:80",  "desk.home",      "desk.home:8080"};
    static const char *const wrong[] = {"",
                                        "example.org",
                                        "localhost.example.org",
                                        "127.0.0.1.example.org",
                                        "[::1",
                                        "127.0.0.1:80x",
                                        "127.0.0.2",
                                        "localhost@example.org",
                                        "[::1]x:1",
                                        ":8080"};

    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        assert_true(ql_dashboard_host_check(right[i], "desk.home"));
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(ql_dashboard_host_check(wrong[i], "desk.home"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_path_decides_the_route),
        cmocka_unit_test(request_parameters_in_range_are_taken),
        cmocka_unit_test(request_parameters_out_of_range_are_errors),
        cmocka_unit_test(host_of_this_machine_is_right_and_others_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
