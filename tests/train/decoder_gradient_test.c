// A decoder's loss and gradients in the trainer compared with the reference, for sizes, grouped heads, depths, and
// options; and those of a decoder trained for integers, at the rounded point. Each combination is a separate test,
// named after all its settings; an argument such as 'V7-*' picks some.
// Uses: decoder_case, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decoder_case.h"

// The bound that the project sets itself, relative to the tensor's largest value. Measured: 1e-5 at worst.
static const double GRADIENT_TOLERANCE = 1e-4;

// A mean of values of order 1 in float, summed in double.
static const double LOSS_TOLERANCE = 1e-6;

// A tensor of smaller values is compared as if its largest were this: it is zero except for rounding, like the
// gradients of a model with one symbol.
static const double SMALLEST_SCALE = 1e-6;

struct gradient_test {
    struct decoder_setup setup;
    char name[DECODER_CASE_NAME_BYTES];
};

// Freed by the teardown, which runs after a failure too: threads of the trainer must not outlive it.
static struct decoder_case test_case;

static int free_case(void **state)
{
    (void)state;
    decoder_case_free(&test_case);
    return 0;
}

static void check_tensor(const struct gradient_test *test, const struct ql_tensor *ours, const double *theirs)
{
    const size_t count = (size_t)ours->rows * (size_t)(ours->columns == 0 ? 1 : ours->columns);
    size_t worst = 0;
    double largest = 0, worst_difference = -1;

    for (size_t k = 0; k < count; k++) {
        const double difference = fabs((double)ours->data[k] - theirs[k]);
        largest = fmax(largest, fabs(theirs[k]));
        if (!(difference <= worst_difference)) { // even when it is NaN
            worst = k;
            worst_difference = difference;
        }
    }
    const double scale = fmax(largest, SMALLEST_SCALE);
    if (!(worst_difference <= GRADIENT_TOLERANCE * scale)) {
        fail_msg("%s: %s[%zu]: gradient %.9g, reference %.9g, %.2g of the tensor's largest\n"
                 "To run this case alone: decoder_gradient_test '%s'",
                 test->name, ours->name, worst, (double)ours->data[worst], theirs[worst], worst_difference / scale,
                 test->name);
    }
}

static void gradients_compared_agree(void **state)
{
    const struct gradient_test *test = *state;
    struct ql_error error;
    double loss;

    if (decoder_case_init(&test_case, &test->setup, 2, &error) != QL_OK ||
        decoder_case_backward(&test_case, &loss, &error) != QL_OK) {
        fail_msg("%s: %s", test->name, error.message);
    }
    if (!(fabs(loss - test_case.loss) <= LOSS_TOLERANCE * fmax(test_case.loss, 1))) {
        fail_msg("%s: loss %.9g, reference %.9g", test->name, loss, test_case.loss);
    }
    for (int i = 0; i < test_case.model.tensor_count; i++) {
        const size_t first = (size_t)(test_case.model.tensors[i].data - test_case.model.block);
        check_tensor(test, &test_case.trainer.gradients[0].model.tensors[i], test_case.gradient + first);
    }
}

// Sizes at and around the blocks of 16 rows and the lanes of 16 sums, odd ones, and all that are 1; shards of 16 sequences
// and uneven ones; heads that share keys and values in pairs, all of them, or not at all.
static const struct decoder_setup SIZES[] = {
    {.V = 1, .E = 2, .heads = 1, .kv_heads = 1, .feed = 1, .T = 1, .B = 1},
    {.V = 7, .E = 2, .heads = 1, .kv_heads = 1, .feed = 1, .T = 7, .B = 1},
    {.V = 5, .E = 6, .heads = 3, .kv_heads = 3, .feed = 7, .T = 5, .B = 3},
    {.V = 9, .E = 12, .heads = 3, .kv_heads = 1, .feed = 5, .T = 7, .B = 17},
    {.V = 16, .E = 16, .heads = 4, .kv_heads = 2, .feed = 16, .T = 16, .B = 16},
    {.V = 17, .E = 20, .heads = 2, .kv_heads = 1, .feed = 33, .T = 17, .B = 2},
    {.V = 3, .E = 36, .heads = 6, .kv_heads = 2, .feed = 19, .T = 31, .B = 5},
    {.V = 65, .E = 64, .heads = 2, .kv_heads = 2, .feed = 48, .T = 33, .B = 3},
    {.V = 33, .E = 132, .heads = 2, .kv_heads = 1, .feed = 129, .T = 50, .B = 1},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MAX_LAYERS = 3, OPTIONS = 4, FORMATS = 2 };

int main(int argc, char **argv)
{
    static struct gradient_test tests[MAX_LAYERS * COUNT(SIZES) * OPTIONS + COUNT(SIZES) * FORMATS];
    static struct CMUnitTest units[COUNT(tests)];
    size_t count = 0;

    for (int layers = 1; layers <= MAX_LAYERS; layers++) {
        for (size_t size = 0; size < COUNT(SIZES); size++) {
            for (unsigned options = 0; options < OPTIONS; options++) {
                struct gradient_test *test = &tests[count];
                test->setup = SIZES[size];
                test->setup.L = layers;
                test->setup.dropout = (options & 1) != 0;
                test->setup.padding = (options & 2) != 0;
                test->setup.smoothing = options != 0;
                test->setup.seed = (uint32_t)count;
                decoder_case_write_name(test->name, &test->setup);
                units[count] = (struct CMUnitTest){test->name, gradients_compared_agree, NULL, free_case, test};
                count++;
            }
        }
    }
    for (size_t size = 0; size < COUNT(SIZES); size++) {
        for (int format = 0; format < FORMATS; format++) {
            struct gradient_test *test = &tests[count];
            test->setup = SIZES[size];
            test->setup.L = 2;
            test->setup.dropout = true;
            test->setup.smoothing = format != 0;
            test->setup.seed = (uint32_t)count;
            test->setup.weights = format == 0 ? QL_WEIGHTS_S8 : QL_WEIGHTS_S4;
            decoder_case_write_name(test->name, &test->setup);
            units[count] = (struct CMUnitTest){test->name, gradients_compared_agree, NULL, free_case, test};
            count++;
        }
    }
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    return cmocka_run_group_tests_name("decoder_gradient", units, NULL, NULL);
}
