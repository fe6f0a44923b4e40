// The folder of a run: its log, its samples, and what resuming removes from them.
// Uses: checkpoint/training_run, checkpoint_sample, cmocka.
#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "checkpoint/training_run.h"
#include "checkpoint_sample.h"

static struct ql_training_run run;
static char parent[] = "training_run_test.XXXXXX";

static const char header[] =
    "epoch,step,train_loss,val_loss,val_bits_per_char,learning_rate,chars_per_second,elapsed_seconds\n";

static int make_parent(void **state)
{
    (void)state;
    return mkdtemp(parent) == NULL ? -1 : 0;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

static int remove_parent(void **state)
{
    (void)state;
    return nftw(parent, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void start_run(const char *name)
{
    struct ql_error error;

    ql_training_run_close(&run);
    if (ql_training_run_init(&run, parent, name, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
}

static void check_file(const char *name, const char *expected)
{
    char path[QL_RUN_PATH_BYTES];
    size_t size_bytes;

    ql_training_run_path(&run, path, "%s", name);
    char *text = (char *)sample_file_load(path, &size_bytes);
    text[size_bytes] = '\0';
    assert_string_equal(text, expected);
    test_free(text);
}

static void write_row(int epoch, const char *sample)
{
    const struct ql_training_row row = {.epoch = epoch,
                                        .step = UINT64_C(12) * (uint64_t)epoch,
                                        .train_loss = 2.5,
                                        .val_loss = log(4.0),
                                        .learning_rate = 0.001,
                                        .chars_per_second = 123456.7,
                                        .elapsed_seconds = 1.5 * epoch};
    struct ql_error error;

    assert_int_equal(ql_training_run_write(&run, &row, sample, &error), QL_OK);
}

static void rows_written_are_as_documented(void **state)
{
    (void)state;

    start_run("rows");
    write_row(1, "Ann\n\"B\\\xc3\xa9");
    write_row(2, NULL);
    char expected[512];
    (void)snprintf(expected, sizeof expected, "%s%s", header,
                   "1,12,2.500000,1.386294,2.000000,0.001,123457,1.500\n"
                   "2,24,2.500000,1.386294,2.000000,0.001,123457,3.000\n");
    check_file("training.log.csv", expected);
    check_file("samples.jsonl", "{\"epoch\":1,\"text\":\"Ann\\n\\\"B\\\\\xc3\xa9\"}\n");
}

static void append_text(const char *name, const char *text)
{
    char path[QL_RUN_PATH_BYTES];

    ql_training_run_path(&run, path, "%s", name);
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void reset_drops_later_epochs_and_lines_cut_short(void **state)
{
    char expected[512];
    struct ql_error error;
    (void)state;

    start_run("reset");
    for (int epoch = 9; epoch <= 12; epoch++) {
        write_row(epoch, "x");
    }
    append_text("training.log.csv", "1");
    append_text("samples.jsonl", "{\"epo");
    assert_int_equal(ql_training_run_reset(&run, 10, &error), QL_OK);
    (void)snprintf(expected, sizeof expected, "%s%s", header,
                   "9,108,2.500000,1.386294,2.000000,0.001,123457,13.500\n"
                   "10,120,2.500000,1.386294,2.000000,0.001,123457,15.000\n");
    check_file("training.log.csv", expected);
    check_file("samples.jsonl", "{\"epoch\":9,\"text\":\"x\"}\n{\"epoch\":10,\"text\":\"x\"}\n");

    assert_int_equal(ql_training_run_reset(&run, 0, &error), QL_OK);
    check_file("training.log.csv", header);
    check_file("samples.jsonl", "");
    write_row(1, "y"); // the header is written once
    (void)snprintf(expected, sizeof expected, "%s%s", header, "1,12,2.500000,1.386294,2.000000,0.001,123457,1.500\n");
    check_file("training.log.csv", expected);
}

// A kill between the name and the first byte of the file.
static void header_cut_short_is_written_anew(void **state)
{
    char expected[512];
    struct ql_error error;
    (void)state;

    start_run("header");
    append_text("training.log.csv", "epoch,st");
    assert_int_equal(ql_training_run_reset(&run, 0, &error), QL_OK);
    write_row(1, NULL);
    (void)snprintf(expected, sizeof expected, "%s%s", header, "1,12,2.500000,1.386294,2.000000,0.001,123457,1.500\n");
    check_file("training.log.csv", expected);
}

static void reset_of_a_run_without_log_is_harmless(void **state)
{
    struct ql_error error;
    char path[QL_RUN_PATH_BYTES];
    (void)state;

    start_run("fresh");
    assert_int_equal(ql_training_run_reset(&run, 3, &error), QL_OK);
    ql_training_run_path(&run, path, "training.log.csv");
    assert_int_not_equal(access(path, F_OK), 0);
}

static void run_whose_folder_is_in_use_is_refused(void **state)
{
    struct ql_error error;
    (void)state;

    start_run("used");
    append_text("training.safetensors.partial", "left by a kill");
    start_run("used");
    write_row(1, NULL);
    ql_training_run_close(&run);
    assert_int_equal(ql_training_run_init(&run, parent, "used", &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "--run-name"));
}

static void run_that_is_open_is_refused_until_it_is_closed(void **state)
{
    struct ql_training_run other;
    struct ql_error error;
    (void)state;

    start_run("locked");
    assert_int_equal(ql_training_run_open(&other, run.folder, &error), QL_ERROR_SYSTEM);
    assert_non_null(strstr(error.message, "another process"));
    assert_int_equal(ql_training_run_init(&other, parent, "locked", &error), QL_ERROR_SYSTEM);
    ql_training_run_close(&other);
    ql_training_run_close(&run);
    assert_int_equal(ql_training_run_open(&other, run.folder, &error), QL_OK);
    ql_training_run_close(&other);
}

static void name_that_is_too_long_is_refused(void **state)
{
    char name[QL_RUN_PATH_BYTES];
    struct ql_error error;
    (void)state;

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(ql_training_run_init(&run, parent, name, &error), QL_ERROR_INPUT);
    assert_int_equal(ql_training_run_open(&run, name, &error), QL_ERROR_INPUT);
}

static void run_without_a_name_is_named_by_the_time(void **state)
{
    int year, month, day, hour, minute, second, used = 0;
    (void)state;

    start_run(NULL);
    const char *name = strrchr(run.folder, '/') + 1;
    int fields = sscanf(name, "%4d%2d%2d-%2d%2d%2d%n", &year, &month, &day, &hour, &minute, &second, &used);
    assert_int_equal(fields, 6);
    assert_int_equal(used, 15);
    assert_int_equal(strlen(name), 15);

    char first[QL_RUN_PATH_BYTES];
    memcpy(first, run.folder, sizeof first);
    start_run(NULL); // within the same second, most of the time
    assert_string_not_equal(first, run.folder);
    assert_int_equal(access(run.folder, F_OK), 0);
}

static void summary_saved_comes_back_and_damage_is_named(void **state)
{
    struct ql_error error;
    json_t *summary = json_pack("{s:i, s:s}", "epochs", 3, "vocabulary", "\n\"\xc3\xa9");
    json_t *loaded = NULL;
    (void)state;

    start_run("summary");
    assert_int_equal(ql_training_run_load_summary(&run, &loaded, &error), QL_ERROR_SYSTEM);
    assert_non_null(strstr(error.message, "no summary.json"));
    assert_int_equal(ql_training_run_save_summary(&run, summary, &error), QL_OK);
    assert_int_equal(ql_training_run_load_summary(&run, &loaded, &error), QL_OK);
    assert_true(json_equal(summary, loaded));
    json_decref(loaded);
    json_decref(summary);
    append_text("summary.json", "}");
    assert_int_equal(ql_training_run_load_summary(&run, &loaded, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "summary.json:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_written_are_as_documented),
        cmocka_unit_test(reset_drops_later_epochs_and_lines_cut_short),
        cmocka_unit_test(header_cut_short_is_written_anew),
        cmocka_unit_test(reset_of_a_run_without_log_is_harmless),
        cmocka_unit_test(run_whose_folder_is_in_use_is_refused),
        cmocka_unit_test(run_that_is_open_is_refused_until_it_is_closed),
        cmocka_unit_test(name_that_is_too_long_is_refused),
        cmocka_unit_test(run_without_a_name_is_named_by_the_time),
        cmocka_unit_test(summary_saved_comes_back_and_damage_is_named),
    };
    return cmocka_run_group_tests_name("training_run", tests, make_parent, remove_parent);
}
