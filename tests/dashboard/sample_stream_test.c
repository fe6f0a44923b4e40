// The texts that a checkpoint writes for a client: what cannot begin leaves nothing behind.
// Uses: dashboard/sample_stream, tests/checkpoint/checkpoint_sample.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "checkpoint/checkpoint.h"
#include "checkpoint_sample.h"
#include "dashboard/sample_stream.h"

static const char path[] = "sample_stream_test.safetensors", text_path[] = "sample_stream_test.txt";

// The largest memory that this process ever had, in any unit: kilobytes on Linux, bytes on macOS.
static double largest_memory(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return (double)usage.ru_maxrss;
}

static void save_checkpoint(void)
{
    const struct ql_dimensions dimensions = {.V = 12, .E = 64, .H = 256, .L = 2};
    struct ql_model_info info = {0};
    struct ql_model model;
    struct ql_error error;

    sample_vocabulary_init(&info.vocabulary, dimensions.V, false);
    sample_model_init(&model, dimensions, 1);
    assert_int_equal(ql_checkpoint_save(path, &model, &info, &error), QL_OK);
    ql_model_free(&model);
}

static enum ql_status begin(struct ql_sample_stream *stream, const char *filter, const char *lexicon,
                            struct ql_error *error)
{
    const struct ql_dashboard_request request = {.length = 10, .temperature = 1.0, .top_p = 1.0};
    const int file = open(path, O_RDONLY);

    assert_true(file >= 0);
    enum ql_status status = ql_sample_stream_init(stream, file, &request, filter, lexicon, error);
    (void)close(file);
    return status;
}

static void stream_writes_its_text_to_the_end(void **state)
{
    static struct ql_sample_stream stream;
    static char bytes[2 * QL_SAMPLE_ROOM];
    struct ql_error error;
    size_t size = 0, more;

    (void)state;
    assert_int_equal(begin(&stream, NULL, NULL, &error), QL_OK);
    while ((more = ql_sample_stream_write(&stream, bytes, sizeof bytes)) > 0) {
        size += more;
    }
    assert_int_equal(size, 10);
    ql_sample_stream_free(&stream);
}

// A sanitizer shows each of them; without one, 100 models of 3 megabytes each show.
static void stream_that_cannot_begin_leaves_no_memory_behind(void **state)
{
    static struct ql_sample_stream stream;
    struct ql_error error;
    double memory = 0.0;

    (void)state;
    sample_file_save(text_path, "not compiled", 12);
    for (int k = 0; k < 104; k++) {
        assert_int_not_equal(begin(&stream, k % 2 == 0 ? text_path : NULL, k % 2 == 0 ? NULL : text_path, &error),
                             QL_OK);
        assert_non_null(strstr(error.message, text_path));
        memory = k == 3 ? largest_memory() : memory;
    }
    const double more = largest_memory();
#ifndef __SANITIZE_ADDRESS__ // which keeps freed memory for a while
    assert_true(more < 2.0 * memory);
#endif
    assert_true(memory > 0.0 && more >= memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_writes_its_text_to_the_end),
        cmocka_unit_test(stream_that_cannot_begin_leaves_no_memory_behind),
    };
    save_checkpoint();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
