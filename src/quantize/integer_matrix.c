// A matrix of an integer model and the rows of its sums: see integer_matrix.h.
// Uses: base, device, quantize/matrix_pack.
#include "quantize/integer_matrix.h"

#include <math.h>

#include "device/matrix_s4.h"
#include "device/matrix_s8.h"
#include "quantize/matrix_pack.h"

enum {
    PRE_SHIFT_LIMIT = 16, // enough: 2^31 / 2^16
    SHIFT_LIMIT = 24,
    SHARE_BITS = 10, // rounding may cost this share of a row's reach: far less than the bytes that the row multiplies
};

enum ql_status ql_integer_matrix_pack(struct ql_integer_matrix *matrix, struct ql_arena *arena, struct ql_error *error)
{
    const int rows = matrix->rows, columns = matrix->columns;

    matrix->word_count =
        matrix->is_s4 ? ql_matrix_s4_word_count(rows, columns) : ql_matrix_s8_word_count(rows, columns);
    matrix->words = ql_arena_take(arena, (size_t)matrix->word_count, sizeof matrix->words[0]);
    if (matrix->words == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the integer model");
    }
    matrix->segment = ql_matrix_segment(matrix->weights, rows, columns);
    return matrix->is_s4 ? ql_matrix_s4_pack(matrix->words, matrix->weights, rows, columns, error)
                         : ql_matrix_s8_pack(matrix->words, matrix->weights, rows, columns, error);
}

int64_t ql_row_reach(const int8_t *q, int count)
{
    int64_t sum = 0;

    for (int k = 0; k < count; k++) {
        sum += q[k] < 0 ? -q[k] : q[k];
    }
    return sum * QL_VECTOR_S8_LIMIT;
}

// The greatest sum of a row before it is multiplied, after the shift that all rows have in common.
static double shifted_reach(const struct ql_row_draft *draft, int pre_shift)
{
    return floor(ldexp((double)draft->reach, -pre_shift)) + 1.0;
}

// The unit of a row's sum; of one that is always 0, any unit gives the same value, and 0 is the one that takes no room
// from the other rows.
static double needed_unit(const struct ql_row_draft *draft)
{
    return draft->reach == 0 ? 0.0 : draft->unit;
}

// The most that rounding costs a row, in units of its value: of the multiplier, of the sum, and of the result.
static double rounding_error(const struct ql_row_draft *draft, int pre_shift, int shift)
{
    return ldexp(shifted_reach(draft, pre_shift), -shift) * 0.5 + ldexp(needed_unit(draft), pre_shift) * 0.5 + 0.5;
}

static double value_reach(const struct ql_row_draft *draft)
{
    return (double)draft->reach * needed_unit(draft) + fabs(draft->bias);
}

// What a row takes of the bits that the rows share: by its values, which have 31 bits, or by its multiplier, which has 15.
static double bits_taken(const struct ql_row_draft *draft, int pre_shift)
{
    return fmax(value_reach(draft), ldexp(needed_unit(draft), pre_shift + 31 - 15));
}

bool ql_row_drafts_fit(struct ql_integer_row *rows, struct ql_integer_scale *scale, const struct ql_row_draft *drafts,
                       int count, double limit, int *worst)
{
    struct ql_integer_scale best = {0};
    double best_error = INFINITY;

    for (int pre_shift = 0; pre_shift <= PRE_SHIFT_LIMIT; pre_shift++) {
        for (int shift = SHIFT_LIMIT; shift >= 1; shift--) {
            double error = 0.0;
            bool fits = true;
            for (int r = 0; r < count && fits; r++) {
                const double multiplier = floor(ldexp(needed_unit(&drafts[r]), pre_shift + shift) + 0.5);
                const double all = shifted_reach(&drafts[r], pre_shift) * multiplier +
                                   fabs(ldexp(drafts[r].bias, shift)) + ldexp(1.0, shift) + 1.0;
                fits = multiplier <= INT16_MAX && all <= INT32_MAX &&
                       (double)drafts[r].reach + ldexp(1.0, pre_shift) <= INT32_MAX;
                error = fmax(error, rounding_error(&drafts[r], pre_shift, shift));
            }
            if (!fits) {
                continue;
            }
            if (error < best_error) {
                best_error = error;
                best = (struct ql_integer_scale){(uint8_t)pre_shift, (uint8_t)shift};
            }
            break;
        }
    }
    bool exact = isfinite(best_error);
    *worst = 0;
    for (int r = 0; r < count; r++) {
        const double allowed = fmax(limit, ldexp(value_reach(&drafts[r]), -SHARE_BITS));
        exact = exact && rounding_error(&drafts[r], best.pre_shift, best.shift) <= allowed;
        *worst = bits_taken(&drafts[r], best.pre_shift) > bits_taken(&drafts[*worst], best.pre_shift) ? r : *worst;
    }
    if (!exact) {
        return false;
    }
    *scale = best;
    for (int r = 0; r < count; r++) {
        rows[r] = (struct ql_integer_row){
            .bias = (int32_t)floor(ldexp(drafts[r].bias, best.shift) + 0.5) + (1 << best.shift >> 1),
            .multiplier = (int16_t)floor(ldexp(needed_unit(&drafts[r]), best.pre_shift + best.shift) + 0.5),
            .table_factor = (int16_t)drafts[r].factor,
        };
    }
    return true;
}
