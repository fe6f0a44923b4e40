// The plan of the workspace: the places match those of the plain greedy rule, and no two values share a place at the
// same time.
// Uses: cmocka, ql_onnx.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/random.h"
#include "onnx/memory_plan.h"

static const struct ql_kernel kernel = {.name = "move", .output_count = 1, .buffer_count = 2};

// A program of calls (y, x); value 0 is the only output.
struct fake {
    struct ql_program program;
    struct ql_graph graph;
    int output;
};

static void open_fake(struct fake *fake, int values, int calls)
{
    *fake = (struct fake){0};
    fake->graph.output_count = 1;
    fake->graph.outputs = &fake->output;
    fake->program.graph = &fake->graph;
    fake->program.value_count = values;
    fake->program.call_count = calls;
    fake->program.values = calloc((size_t)values, sizeof fake->program.values[0]);
    fake->program.calls = calloc((size_t)calls, sizeof fake->program.calls[0]);
    assert_non_null(fake->program.values);
    assert_non_null(fake->program.calls);
    for (int i = 0; i < values; i++) {
        fake->program.values[i] = (struct ql_program_value){.name = "", .root = i, .storage = QL_STORAGE_WORKSPACE};
    }
    for (int i = 0; i < calls; i++) {
        fake->program.calls[i] = (struct ql_kernel_call){.kernel = &kernel, .buffers = {0, -1}};
    }
}

static void close_fake(struct fake *fake)
{
    free(fake->program.values);
    free(fake->program.calls);
}

static size_t aligned(size_t bytes)
{
    return (bytes + QL_PROGRAM_ALIGNMENT - 1) / QL_PROGRAM_ALIGNMENT * QL_PROGRAM_ALIGNMENT;
}

static bool is_before(const struct ql_program_value *values, int a, int b)
{
    return values[a].bytes != values[b].bytes ? values[a].bytes > values[b].bytes : a < b;
}

static bool live_together(const struct ql_program_value *a, const struct ql_program_value *b)
{
    return a->first_call <= b->last_call && b->first_call <= a->last_call;
}

// The lowest place for a value among those that precede it in the order, found by trying the ends of all of those.
static size_t lowest_place(const struct ql_program *program, int index)
{
    const struct ql_program_value *values = program->values;
    size_t lowest = SIZE_MAX;

    for (int end = -1; end < program->value_count; end++) {
        size_t offset = end < 0 ? 0 : aligned(values[end].workspace_offset + values[end].bytes);
        if (end >= 0 && (!is_before(values, end, index) || values[end].first_call < 0)) {
            continue;
        }
        bool free_place = offset < lowest;
        for (int k = 0; k < program->value_count && free_place; k++) {
            free_place = values[k].first_call < 0 || !is_before(values, k, index) ||
                         !live_together(&values[k], &values[index]) ||
                         values[k].workspace_offset + values[k].bytes <= offset ||
                         offset + values[index].bytes <= values[k].workspace_offset;
        }
        lowest = free_place ? offset : lowest;
    }
    return lowest;
}

static void plan_places_the_largest_value_first_at_the_lowest_place(void **state)
{
    struct ql_random random;
    struct ql_error error;

    (void)state;
    ql_random_init(&random, 7);
    for (int round = 0; round < 300; round++) {
        struct fake fake;
        const int values = 1 + (int)(ql_random_step(&random) % 40), calls = 1 + (int)(ql_random_step(&random) % 40);
        open_fake(&fake, values, calls);
        for (int i = 0; i < values; i++) {
            fake.program.values[i].bytes = 1 + ql_random_step(&random) % 50;
        }
        for (int i = 0; i < calls; i++) {
            fake.program.calls[i].buffers[0] = (int)(ql_random_step(&random) % (uint32_t)values);
            fake.program.calls[i].buffers[1] = (int)(ql_random_step(&random) % (uint32_t)values);
        }
        assert_int_equal(ql_memory_plan_init(&fake.program, false, SIZE_MAX, &error), QL_OK);
        size_t top = 0;
        for (int i = 0; i < values; i++) {
            const struct ql_program_value *value = &fake.program.values[i];
            if (value->first_call >= 0) {
                assert_int_equal(value->workspace_offset, lowest_place(&fake.program, i));
                top = value->workspace_offset + value->bytes > top ? value->workspace_offset + value->bytes : top;
            }
        }
        assert_int_equal(fake.program.workspace_bytes, aligned(top));
        close_fake(&fake);
    }
}

// So many values that the planner does not compare them pair by pair: half of the calls write one each, the others read
// them in the opposite order. Sizes are 8, 16, 24 and 32 bytes in turn, or random.
static void check_nested(bool random_sizes)
{
    enum { HALF = 8000 };
    struct ql_random random;
    struct ql_error error;
    struct fake fake;
    unsigned char *taken;
    size_t live = 0;

    ql_random_init(&random, 11);
    open_fake(&fake, HALF + 1, 2 * HALF);
    for (int i = 0; i < HALF; i++) {
        fake.program.values[i + 1].bytes = random_sizes ? 1 + ql_random_step(&random) % 300 : 8 + 8 * (size_t)(i % 4);
        live += aligned(fake.program.values[i + 1].bytes);
        fake.program.calls[i].buffers[0] = i + 1;
        fake.program.calls[2 * HALF - 1 - i].buffers[1] = i + 1;
    }
    fake.program.values[0].bytes = 8;
    assert_int_equal(ql_memory_plan_init(&fake.program, false, SIZE_MAX, &error), QL_OK);
    // All of them are live in the middle of the program, so this is the minimum.
    assert_int_equal(fake.program.workspace_bytes, live + 8);
    taken = calloc(fake.program.workspace_bytes, 1);
    assert_non_null(taken);
    for (int i = 0; i <= HALF; i++) {
        for (size_t k = 0; k < fake.program.values[i].bytes; k++) {
            assert_int_equal(taken[fake.program.values[i].workspace_offset + k], 0);
            taken[fake.program.values[i].workspace_offset + k] = 1;
        }
    }
    free(taken);
    close_fake(&fake);
}

static void plan_of_values_that_all_live_at_once_gives_each_its_own_place(void **state)
{
    (void)state;
    check_nested(false);
    check_nested(true);
}

// 6,000 values that live to the end force the plan by calls; short-lived ones of all sizes come and go in between.
static void plan_by_calls_uses_places_again_and_never_twice_at_a_time(void **state)
{
    enum { LASTING = 6000, SHORT = 6000 };
    struct ql_random random;
    struct ql_error error;
    struct fake fake;
    int *owners;

    (void)state;
    ql_random_init(&random, 3);
    open_fake(&fake, 1 + LASTING + SHORT, LASTING + SHORT + 10 + LASTING);
    size_t lasting = 8;
    for (int i = 0; i < LASTING; i++) {
        fake.program.values[1 + i].bytes = 8;
        lasting += 8;
        fake.program.calls[i].buffers[0] = 1 + i;
        fake.program.calls[LASTING + SHORT + 10 + i].buffers[1] = 1 + i;
    }
    for (int i = 0; i < SHORT; i++) {
        const int value = 1 + LASTING + i;
        fake.program.values[value].bytes = 16 + ql_random_step(&random) % 64;
        fake.program.calls[LASTING + i].buffers[0] = value;
        fake.program.calls[LASTING + i + 1 + (int)(ql_random_step(&random) % 9)].buffers[1] = value;
    }
    fake.program.values[0].bytes = 8;
    assert_int_equal(ql_memory_plan_init(&fake.program, false, SIZE_MAX, &error), QL_OK);
    // At most ten of the short-lived ones are live at once; there are 8 size classes, so a few dozen places suffice.
    assert_true(fake.program.workspace_bytes < lasting + (size_t)100 * 80);
    owners = malloc(fake.program.workspace_bytes * sizeof owners[0]);
    assert_non_null(owners);
    for (size_t k = 0; k < fake.program.workspace_bytes; k++) {
        owners[k] = -1;
    }
    // In order of first calls, the previous owner of a byte must have ended.
    for (int call = 0; call < fake.program.call_count; call++) {
        for (int k = 0; k < 2; k++) {
            const int index = fake.program.calls[call].buffers[k];
            const struct ql_program_value *value = index < 0 ? NULL : &fake.program.values[index];
            for (size_t b = 0; value != NULL && value->first_call == call && b < value->bytes; b++) {
                int *owner = &owners[value->workspace_offset + b];
                assert_true(*owner < 0 || *owner == index || fake.program.values[*owner].last_call < call);
                *owner = index;
            }
        }
    }
    free(owners);
    close_fake(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_places_the_largest_value_first_at_the_lowest_place),
        cmocka_unit_test(plan_of_values_that_all_live_at_once_gives_each_its_own_place),
        cmocka_unit_test(plan_by_calls_uses_places_again_and_never_twice_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
