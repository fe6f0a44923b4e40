// The log follower: every row arrives once and complete; files that are cut, replaced, missing, or foreign do no harm.
// Uses: cmocka, base/file, dashboard/run_watcher.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "dashboard/run_watcher.h"

static const char header[] = "epoch,step,train_loss,val_loss,val_bits_per_char,learning_rate,chars_per_second,"
                             "elapsed_seconds\n";

struct fixture {
    char folder[64];
    struct ql_event_list events;
    struct ql_run_watcher watcher;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    char path[128];

    assert_non_null(fixture);
    (void)snprintf(fixture->folder, sizeof fixture->folder, "run_watcher_test.XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(path, sizeof path, "%s/one", fixture->folder);
    assert_int_equal(mkdir(path, 0755), 0);
    ql_event_list_init(&fixture->events, 1, 1 << 20);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    char command[128];

    ql_run_watcher_close(&fixture->watcher);
    ql_event_list_free(&fixture->events);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", fixture->folder);
    assert_int_equal(system(command), 0);
    free(fixture);
    return 0;
}

static void write_file(const struct fixture *fixture, const char *name, const char *mode, const char *text)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    FILE *file = fopen(path, mode);
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void open_watcher(struct fixture *fixture, const char *name)
{
    char path[128];
    struct ql_error error;

    (void)snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    assert_int_equal(ql_run_watcher_open(&fixture->watcher, path, &fixture->events, &error), QL_OK);
}

static bool look(struct fixture *fixture)
{
    struct ql_error error;
    bool news;

    assert_int_equal(ql_run_watcher_step(&fixture->watcher, &news, &error), QL_OK);
    return news;
}

// How many events contain the text.
static int count_events(const struct fixture *fixture, const char *text)
{
    int count = 0;

    for (size_t i = 0; i < fixture->events.count; i++) {
        const char *bytes = fixture->events.events[i].bytes;
        count += bytes != NULL && strstr(bytes, text) != NULL;
    }
    return count;
}

static size_t count_rows(const struct fixture *fixture)
{
    return fixture->watcher.run_count > 0 ? fixture->watcher.runs[0].history.row_count : 0;
}

static void log_that_grows_by_pieces_gives_whole_rows_once(void **state)
{
    struct fixture *fixture = *state;

    open_watcher(fixture, "one/training.log.csv");
    assert_true(look(fixture)); // the run itself
    assert_false(look(fixture));
    write_file(fixture, "one/training.log.csv", "w", header);
    (void)look(fixture);
    assert_int_equal(count_rows(fixture), 0);
    write_file(fixture, "one/training.log.csv", "a", "1,10,2.5,2.4,3.46,0.001,1000,0.5\n2,20,2.");
    assert_true(look(fixture));
    assert_int_equal(count_rows(fixture), 1);
    assert_int_equal(count_events(fixture, "\"val_loss\":2.4,"), 1);
    assert_false(look(fixture));
    write_file(fixture, "one/training.log.csv", "a", "25,2.25,3.2,0.001,1000,1\n");
    assert_true(look(fixture));
    assert_int_equal(count_rows(fixture), 2);
    assert_int_equal(count_events(fixture, "event: problem"), 0);
}

static void log_that_is_cut_or_replaced_begins_a_new_era(void **state)
{
    struct fixture *fixture = *state;
    char path[128];

    write_file(fixture, "one/training.log.csv", "w", header);
    write_file(fixture, "one/training.log.csv", "a", "1,10,2.5,2.4,3.46,0.001,1000,0.5\n2,20,2.2,2.3,3.2,0.001,9,1\n");
    open_watcher(fixture, "");
    (void)look(fixture);
    assert_int_equal(count_rows(fixture), 2);

    (void)snprintf(path, sizeof path, "%s/one/training.log.csv", fixture->folder); // cut
    assert_int_equal(truncate(path, (off_t)(strlen(header) + 33)), 0);
    assert_true(look(fixture));
    assert_int_equal(fixture->events.count, 0);
    assert_true(look(fixture));
    assert_int_equal(count_rows(fixture), 1);

    assert_int_equal(unlink(path), 0); // replaced
    assert_true(look(fixture));
    write_file(fixture, "one/training.log.csv", "w", header);
    write_file(fixture, "one/training.log.csv", "a", "1,10,1.5,1.4,2.46,0.001,1000,0.5\n");
    (void)look(fixture);
    assert_int_equal(count_events(fixture, "\"val_loss\":1.4,"), 1);

    write_file(fixture, "one/training.log.csv", "w", header); // rewritten in place, no shorter than before
    write_file(fixture, "one/training.log.csv", "a", "1,10,0.5,0.4,0.46,0.001,1000,0.5\n2,20,2.2,2.3,3.2,0.001,9,1\n");
    (void)look(fixture);
    (void)look(fixture);
    assert_int_equal(count_events(fixture, "\"val_loss\":0.4,"), 1);
    assert_int_equal(count_events(fixture, "\"val_loss\":1.4,"), 0);
}

static void rubbish_is_a_problem_and_not_a_row(void **state)
{
    struct fixture *fixture = *state;
    static const char *const rubbish[] = {"1,2,3\n", "1,10,nan,2,3,0.1,1,1\n", "1,10,2,2,3,0.1,1,1,9\n", "\n",
                                          "x\n",     "1,10, 2,2,3,0.1,1,1\n",  "1,10,inf,2,3,0.1,1,1\n"};

    write_file(fixture, "one/training.log.csv", "w", header);
    for (size_t i = 0; i < sizeof rubbish / sizeof rubbish[0]; i++) {
        write_file(fixture, "one/training.log.csv", "a", rubbish[i]);
    }
    write_file(fixture, "one/training.log.csv", "a", "5,10,2.5,2.4,3.46,0.001,1000,0.5\n");
    write_file(fixture, "one/samples.jsonl", "w", "{\"epoch\":5,\"text\":\"Sam \\\"Gatrick\\\"\\n\"}\n[]\n\xff\xfe\n");
    write_file(fixture, "one/summary.json", "w", "{\"status\":");
    open_watcher(fixture, "one");
    (void)look(fixture);
    assert_int_equal(count_rows(fixture), 1);
    assert_int_equal(count_events(fixture, "event: samples"), 1);
    assert_int_equal(fixture->watcher.runs[0].history.sample_count, 1);
    assert_int_equal(count_events(fixture, "event: problem"), 7 + 2 + 1);
    write_file(
        fixture, "one/summary.json", "w",
        "{\"status\":\"finished\",\"best\":{\"epoch\":5},\"model\":{\"cell\":[],\"parameters\":7},\"arguments\":1}");
    (void)look(fixture);
    assert_int_equal(count_events(fixture, "\"status\":\"finished\""), 1);
    assert_int_equal(count_events(fixture, "\"cell\":null"), 1);
    write_file(fixture, "one/summary.json", "w",
               "{\"status\":3,\"epochs\":\"many\",\"model\":{\"cell\":5,\"rnn_size\":\"x\",\"num_layers\":2}}");
    (void)look(fixture);
    static const char *const fields[] = {"\"status\":null", "\"epochs\":null", "\"cell\":null", "\"rnn_size\":null",
                                         "\"num_layers\":2"};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        assert_int_equal(count_events(fixture, fields[i]), 1);
    }
}

static void files_are_sent_with_the_time_of_their_last_change(void **state)
{
    struct fixture *fixture = *state;
    const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000007}};
    char path[128];

    write_file(fixture, "one/training.log.csv", "w", header);
    write_file(fixture, "one/training.log.csv", "a", "1,10,2.5,2.4,3.46,0.001,1000,0.5\n");
    write_file(fixture, "one/summary.json", "w", "{\"status\":\"running\"}");
    (void)snprintf(path, sizeof path, "%s/one/training.log.csv", fixture->folder);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    open_watcher(fixture, "one");
    (void)look(fixture);
    assert_int_equal(count_events(fixture, "\"changed\":1000000007"), 1);
    assert_int_equal(count_events(fixture, "\"changed\":"), 2);
}

static void runs_that_begin_later_are_found_and_links_are_not_followed(void **state)
{
    struct fixture *fixture = *state;
    char path[128];

    write_file(fixture, "one/summary.json", "w", "{}");
    open_watcher(fixture, "");
    (void)look(fixture);
    assert_int_equal(count_events(fixture, "event: run\n"), 1);
    (void)snprintf(path, sizeof path, "%s/two", fixture->folder);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)look(fixture);
    assert_int_equal(count_events(fixture, "event: run\n"), 1);
    (void)snprintf(path, sizeof path, "%s/two/training.log.csv", fixture->folder);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    (void)look(fixture);
    assert_int_equal(count_events(fixture, "root:"), 0);
    (void)snprintf(path, sizeof path, "%s/link", fixture->folder);
    assert_int_equal(symlink("/etc", path), 0);
    (void)snprintf(path, sizeof path, "%s/two/samples.jsonl", fixture->folder);
    assert_int_equal(mkfifo(path, 0644), 0);
    (void)look(fixture); // must not wait for a writer
    assert_int_equal(count_events(fixture, "\"run\":\"link\""), 0);
}

static void set_time(const struct fixture *fixture, const char *name, time_t seconds)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

// Looks until the text is in an event, for some seconds: searches have pauses.
static bool look_for(struct fixture *fixture, const char *text)
{
    for (int i = 0; i < 5000 && count_events(fixture, text) == 0; i++) {
        (void)look(fixture);
        assert_int_equal(usleep(1000), 0);
    }
    return count_events(fixture, text) > 0;
}

static void run_that_begins_when_as_many_are_shown_as_can_be_takes_the_place_of_the_oldest(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < QL_WATCHER_RUN_LIMIT + 1; i++) {
        char name[64], path[128];
        (void)snprintf(name, sizeof name, "run%d/summary.json", i);
        (void)snprintf(path, sizeof path, "%s/run%d", fixture->folder, i);
        assert_int_equal(mkdir(path, 0755), 0);
        write_file(fixture, name, "w", "{}");
        *strrchr(name, '/') = '\0';
        set_time(fixture, name, 1000000 + i);
    }
    open_watcher(fixture, "");
    (void)look(fixture);
    assert_int_equal(fixture->watcher.run_count, QL_WATCHER_RUN_LIMIT);
    assert_int_equal(count_events(fixture, "\"run\":\"run0\""), 0); // the oldest
    assert_true(count_events(fixture, "\"run\":\"run1\"") > 0);
    write_file(fixture, "one/summary.json", "w", "{}"); // older than all that are shown
    set_time(fixture, "one", 999);
    for (int i = 0; i < 100; i++) {
        (void)look(fixture);
        assert_int_equal(usleep(1000), 0);
    }
    assert_int_equal(count_events(fixture, "\"run\":\"one\""), 0);
    set_time(fixture, "one", 2000000);
    assert_true(look_for(fixture, "\"run\":\"one\""));
    assert_int_equal(fixture->watcher.run_count, QL_WATCHER_RUN_LIMIT);
    assert_int_equal(count_events(fixture, "\"run\":\"run1\""), 0);
    assert_true(count_events(fixture, "\"run\":\"run64\"") > 0);
    // No other run is shown while the pause lasts.
    fixture->watcher.replaced_us = INT64_MAX;
    set_time(fixture, "run0", 3000000);
    for (int i = 0; i < 100; i++) {
        (void)look(fixture);
    }
    assert_int_equal(count_events(fixture, "\"run\":\"run0\""), 0);
}

static void checkpoints_outside_the_folder_are_not_opened(void **state)
{
    struct fixture *fixture = *state;
    static const char *const strangers[] = {"",    ".",    "..",      "../one", "one/../one", "/",
                                            "two", "one/", ".hidden", "link",   "/etc",       "one\n"};
    struct ql_error error;
    char path[128];
    int file, count;
    int *epochs;

    write_file(fixture, "one/checkpoint.3.safetensors", "w", "x");
    write_file(fixture, "one/checkpoint.12.safetensors", "w", "x");
    write_file(fixture, "one/checkpoint.12.safetensors.tmp", "w", "x");
    write_file(fixture, "one/training.log.csv", "w", header);
    (void)snprintf(path, sizeof path, "%s/one/checkpoint.4.safetensors", fixture->folder);
    assert_int_equal(symlink("checkpoint.3.safetensors", path), 0);
    (void)snprintf(path, sizeof path, "%s/link", fixture->folder);
    assert_int_equal(symlink("one", path), 0);
    open_watcher(fixture, "one");
    assert_int_equal(ql_run_watcher_open_checkpoint(&fixture->watcher, &file, "one", 3, &error), QL_OK);
    assert_int_equal(close(file), 0);
    assert_int_equal(ql_run_watcher_open_checkpoint(&fixture->watcher, &file, "one", 4, &error), QL_ERROR_SYSTEM);
    assert_int_equal(ql_run_watcher_open_checkpoint(&fixture->watcher, &file, "one", 5, &error), QL_ERROR_SYSTEM);
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        assert_int_equal(ql_run_watcher_open_checkpoint(&fixture->watcher, &file, strangers[i], 3, &error),
                         QL_ERROR_INPUT);
    }
    assert_int_equal(ql_run_watcher_find_checkpoints(&fixture->watcher, &epochs, &count, "one", &error), QL_OK);
    assert_int_equal(count, 3);
    assert_int_equal(epochs[0], 3);
    assert_int_equal(epochs[2], 12);
    free(epochs);
}

static char *read_rows(struct fixture *fixture, double from, double to, int points)
{
    struct ql_error error;
    char *text;

    assert_int_equal(ql_run_watcher_read_rows(&fixture->watcher, &text, "one", from, to, points, &error), QL_OK);
    return text;
}

static void expect_rows(struct fixture *fixture, double from, double to, int points, const char *expected)
{
    char *text = read_rows(fixture, from, to, points);

    assert_string_equal(text, expected);
    free(text);
}

// Epochs 1 to 20: epoch 7 has the lowest loss and 13 the highest.
static void rows_are_thinned_to_the_extremes_of_equal_stretches(void **state)
{
    struct fixture *fixture = *state;
    struct ql_error error;
    char *text;

    write_file(fixture, "one/training.log.csv", "w", header);
    for (int epoch = 1; epoch <= 20; epoch++) {
        char row[64];
        (void)snprintf(row, sizeof row, "%d,0,1,%s,1,1,1,%d\n", epoch,
                       epoch == 7    ? "0.5"
                       : epoch == 13 ? "9"
                                     : "2",
                       epoch);
        write_file(fixture, "one/training.log.csv", "a", row);
    }
    open_watcher(fixture, "one");
    (void)look(fixture);
    expect_rows(fixture, 6, 8, 3, "{\"stride\":1,\"rows\":[[6,0,1,2,1,1,1,6],[7,0,1,0.5,1,1,1,7],[8,0,1,2,1,1,1,8]]}");
    expect_rows(fixture, 0, 1e9, 3,
                "{\"stride\":10,\"rows\":[[1,0,1,2,1,1,1,1],[7,0,1,0.5,1,1,1,7],[10,0,1,2,1,1,1,10],"
                "[13,0,1,9,1,1,1,13],[20,0,1,2,1,1,1,20]]}");
    expect_rows(fixture, 30, 40, 3, "{\"stride\":1,\"rows\":[]}");
    expect_rows(fixture, 8, 6, 3, "{\"stride\":1,\"rows\":[]}");
    assert_int_equal(ql_run_watcher_read_rows(&fixture->watcher, &text, "two", 0, 9, 3, &error), QL_ERROR_INPUT);
    assert_null(text);

    // A resumed training writes some epochs again: the later rows count.
    write_file(fixture, "one/training.log.csv", "a", "19,0,1,3,1,1,1,19\n20,0,1,4,1,1,1,20\n");
    assert_true(look(fixture));
    assert_int_equal(count_rows(fixture), 20);
    expect_rows(fixture, 19, 20, 9, "{\"stride\":1,\"rows\":[[19,0,1,3,1,1,1,19],[20,0,1,4,1,1,1,20]]}");
}

static void sample_is_read_from_the_file_when_it_is_asked_for(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        int epoch;
        const char *text;
    } cases[] = {{0, "b"}, {2, "b"}, {4, "b"}, {5, "c"}, {99, "c"}};
    struct ql_error error;
    char *text;

    write_file(fixture, "one/samples.jsonl", "w",
               "{\"epoch\": 2, \"text\": \"a\"}\n{\"epoch\": 5, \"text\": \"c\"}\n{\"epoch\": 2, \"text\": \"b\"}\n");
    open_watcher(fixture, "one/training.log.csv");
    (void)look(fixture);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[64];
        (void)snprintf(expected, sizeof expected, "{\"epoch\": %d, \"text\": \"%s\"}", cases[i].text[0] == 'c' ? 5 : 2,
                       cases[i].text);
        assert_int_equal(ql_run_watcher_read_sample(&fixture->watcher, &text, "one", cases[i].epoch, &error), QL_OK);
        assert_string_equal(text, expected);
        free(text);
    }
    assert_int_equal(ql_run_watcher_read_sample(&fixture->watcher, &text, "two", 5, &error), QL_ERROR_INPUT);
    write_file(fixture, "one/samples.jsonl", "w", "{\"epoch\": 3, \"text\": \"another file\"}\n");
    assert_int_equal(ql_run_watcher_read_sample(&fixture->watcher, &text, "one", 5, &error), QL_ERROR_SYSTEM);
    assert_null(text);
}

static void path_that_is_no_run_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct ql_run_watcher watcher;
    struct ql_error error;
    char path[128];

    (void)snprintf(path, sizeof path, "%s/nothing", fixture->folder);
    assert_int_equal(ql_run_watcher_open(&watcher, path, &fixture->events, &error), QL_ERROR_USAGE);
    (void)snprintf(path, sizeof path, "%s/nothing/training.log.csv", fixture->folder);
    assert_int_equal(ql_run_watcher_open(&watcher, path, &fixture->events, &error), QL_ERROR_SYSTEM);
    assert_int_equal(ql_run_watcher_open(&watcher, "", &fixture->events, &error), QL_ERROR_USAGE);
}

static void logs_longer_than_what_is_kept_are_a_problem_told_once(void **state)
{
    struct fixture *fixture = *state;

    write_file(fixture, "one/training.log.csv", "w", header);
    for (int i = 0; i < 20; i++) {
        char row[64];
        (void)snprintf(row, sizeof row, "%d,10,2.5,2.4,3.46,0.001,1000,0.5\n", i + 1);
        write_file(fixture, "one/training.log.csv", "a", row);
    }
    open_watcher(fixture, "one");
    fixture->watcher.entry_limit = 7;
    assert_true(look(fixture));
    assert_int_equal(count_rows(fixture), 7);
    assert_int_equal(count_events(fixture, "event: problem"), 1);
    assert_int_equal(count_events(fixture, "\"count\":7,"), 1);
    write_file(fixture, "one/training.log.csv", "a", "2,10,2.5,2.4,3.46,0.001,1000,0.5\n");
    write_file(fixture, "one/summary.json", "w", "{}");
    assert_false(look(fixture));
    assert_int_equal(count_events(fixture, "event: problem"), 1);

    // Another training writes its log there: as much of it as fits is shown.
    write_file(fixture, "one/training.log.csv", "w", header);
    assert_true(look(fixture));
    assert_true(look(fixture));
    assert_int_equal(count_events(fixture, "event: run"), 1);
    assert_int_equal(count_events(fixture, "event: problem"), 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(log_that_grows_by_pieces_gives_whole_rows_once),
        TEST(log_that_is_cut_or_replaced_begins_a_new_era),
        TEST(rubbish_is_a_problem_and_not_a_row),
        TEST(files_are_sent_with_the_time_of_their_last_change),
        TEST(runs_that_begin_later_are_found_and_links_are_not_followed),
        TEST(run_that_begins_when_as_many_are_shown_as_can_be_takes_the_place_of_the_oldest),
        TEST(checkpoints_outside_the_folder_are_not_opened),
        TEST(rows_are_thinned_to_the_extremes_of_equal_stretches),
        TEST(sample_is_read_from_the_file_when_it_is_asked_for),
        TEST(path_that_is_no_run_is_an_error),
        TEST(logs_longer_than_what_is_kept_are_a_problem_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
