// Fuzzes the road from a foreign model to its integer form: for any input, the result is an error with a message, or a
// model that reads a text without exceeding its ranges. It is calibrated with a short text: the thousands of characters
// that a model writes for itself would take most of the time.
// Uses: engine, onnx, quantize, Linux (a file in memory).
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/integer_form.h"
#include "onnx/onnx_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

enum { SYMBOLS = 5, STEPS = 20 };

static char text_path[64];

static void write_text(void)
{
    static const char text[] = "abcd\ndcba\naabbccdd\nacbd\n";
    const int file = memfd_create("text", MFD_CLOEXEC);

    if (file < 0 || write(file, text, sizeof text - 1) != (ssize_t)(sizeof text - 1)) {
        abort();
    }
    (void)snprintf(text_path, sizeof text_path, "/proc/self/fd/%d", file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct ql_descriptor *descriptor = calloc(1, sizeof *descriptor);
    struct ql_graph graph = {0};
    struct ql_error error = {QL_OK, ""};

    assert(descriptor != NULL);
    if (text_path[0] == '\0') {
        write_text();
    }
    *descriptor = (struct ql_descriptor){.vocabulary.symbols = {'\n', 'a', 'b', 'c', 'd'}, .vocabulary.count = SYMBOLS};
    if (ql_onnx_read(&graph, data, size_bytes, &error) == QL_OK) {
        for (int format = QL_WEIGHTS_S8; format <= QL_WEIGHTS_S4; format++) {
            struct ql_integer_form form;
            if (ql_integer_form_open(&form, &graph, descriptor, (enum ql_weight_format)format, text_path, &error) ==
                QL_OK) {
                for (int t = 0; t < STEPS; t++) {
                    ql_integer_stepper_step(&form.stepper, t % SYMBOLS);
                }
            } else {
                assert(error.message[0] != '\0');
            }
            ql_integer_form_close(&form);
        }
    } else {
        assert(error.message[0] != '\0');
    }
    ql_graph_free(&graph);
    free(descriptor);
    return 0;
}
