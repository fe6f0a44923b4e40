// Fuzzes the road from a foreign model to its integer form: whatever comes in, the result is an error with a message, or
// a model that reads a text without leaving its ranges.
// Uses: engine, onnx, quantize.
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/integer_form.h"
#include "onnx/onnx_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

enum { SYMBOLS = 5, STEPS = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct ql_descriptor *descriptor = calloc(1, sizeof *descriptor);
    struct ql_graph graph = {0};
    struct ql_error error = {QL_OK, ""};

    assert(descriptor != NULL);
    *descriptor = (struct ql_descriptor){.symbols = {'\n', 'a', 'b', 'c', 'd'}, .symbol_count = SYMBOLS};
    if (ql_onnx_read(&graph, data, size_bytes, &error) == QL_OK) {
        for (int format = QL_WEIGHTS_S8; format <= QL_WEIGHTS_S4; format++) {
            struct ql_integer_form form;
            if (ql_integer_form_open(&form, &graph, descriptor, (enum ql_weight_format)format, NULL, &error) == QL_OK) {
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
