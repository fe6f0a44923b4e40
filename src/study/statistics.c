// The statistics of a study: see statistics.h.
// Uses: the C library, device/elementary.h.
#include "study/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "device/elementary.h"

// The 97.5 % point of the normal distribution.
static const double Z = 1.959963984540054;

struct ql_interval ql_interval_wilson(uint64_t successes, uint64_t trials)
{
    if (trials == 0) {
        return (struct ql_interval){0.0, 1.0};
    }
    const double n = (double)trials, share = (double)successes / n;
    const double center = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    const double half = Z / (1.0 + Z * Z / n) * sqrt(share * (1.0 - share) / n + Z * Z / (4.0 * n * n));

    // At the ends the exact values are 0 and 1; any difference is rounding.
    return (struct ql_interval){successes == 0 ? 0.0 : center - half, successes == trials ? 1.0 : center + half};
}

static uint64_t sum_of(const uint64_t *counts, size_t first, size_t behind, size_t count)
{
    uint64_t sum = 0;
    for (size_t k = first; k < behind && k < count; k++) {
        sum += counts[k];
    }
    return sum;
}

double ql_distance_variation(const uint64_t *left, size_t left_count, const uint64_t *right, size_t right_count,
                             size_t width, size_t bins)
{
    const double left_total = (double)sum_of(left, 0, left_count, left_count);
    const double right_total = (double)sum_of(right, 0, right_count, right_count);
    double distance = 0.0;

    if (left_total == 0.0 || right_total == 0.0) {
        return left_total == right_total ? 0.0 : 1.0;
    }
    for (size_t bin = 0; bin < bins; bin++) {
        const size_t first = bin * width, behind = bin + 1 < bins ? first + width : SIZE_MAX;
        const double left_share = (double)sum_of(left, first, behind, left_count) / left_total;
        const double right_share = (double)sum_of(right, first, behind, right_count) / right_total;
        distance += fabs(left_share - right_share) / 2.0;
    }
    return distance;
}

static int compare_sizes(const void *left, const void *right)
{
    const double a = fabs(*(const double *)left), b = fabs(*(const double *)right);
    return (a > b) - (a < b);
}

// P(2 W <= w) for n pairs, if all 2^n signs are equally likely. Mean ranks are halves, so `doubled` has twice the ranks;
// ways[s] counts the sets of them that have the sum s. All counts are at most 2^50, so they are exact.
static double exact_tail(const int *doubled, size_t n, int w)
{
    static const int largest = QL_SIGNED_RANK_EXACT * (QL_SIGNED_RANK_EXACT + 1);
    double ways[QL_SIGNED_RANK_EXACT * (QL_SIGNED_RANK_EXACT + 1) + 1] = {1.0};
    double tail = 0.0;

    for (size_t k = 0; k < n; k++) {
        for (int s = largest; s >= doubled[k]; s--) {
            ways[s] += ways[s - doubled[k]];
        }
    }
    for (int s = 0; s <= w; s++) {
        tail += ways[s];
    }
    return ldexp(tail, -(int)n);
}

enum ql_status ql_signed_rank_init(struct ql_signed_rank *test, const double *differences, size_t count,
                                   struct ql_error *error)
{
    double *sorted = malloc((count + 1) * sizeof *sorted);
    double ties = 0.0; // sum of t^3 - t over groups of t equal sizes
    int doubled[QL_SIGNED_RANK_EXACT];
    size_t n = 0;

    *test = (struct ql_signed_rank){.p = 1.0};
    if (sorted == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the signed-rank test");
    }
    for (size_t k = 0; k < count; k++) {
        if (differences[k] != 0.0) {
            sorted[n++] = differences[k];
        }
    }
    qsort(sorted, n, sizeof *sorted, compare_sizes);
    for (size_t first = 0, behind; first < n; first = behind) {
        for (behind = first + 1; behind < n && fabs(sorted[behind]) == fabs(sorted[first]); behind++) {
        }
        const double group = (double)(behind - first);
        const double rank = (double)(first + 1 + behind) / 2.0;
        ties += group * group * group - group;
        for (size_t k = first; k < behind; k++) {
            *(sorted[k] > 0.0 ? &test->above : &test->below) += rank;
            if (k < QL_SIGNED_RANK_EXACT) {
                doubled[k] = (int)(first + 1 + behind);
            }
        }
    }
    free(sorted);
    test->pairs = n;
    if (n == 0) {
        return QL_OK;
    }
    const double total = (double)n * ((double)n + 1.0) / 2.0;
    const double smaller = test->above < test->below ? test->above : test->below;
    test->effect = (test->above - test->below) / total;
    test->exact = n <= QL_SIGNED_RANK_EXACT;
    if (test->exact) {
        test->p = fmin(1.0, 2.0 * exact_tail(doubled, n, (int)(2.0 * smaller)));
    } else {
        const double deviation = sqrt(total * (2.0 * (double)n + 1.0) / 12.0 - ties / 48.0);
        const double distance = fmax(0.0, total / 2.0 - smaller - 0.5);
        test->p = deviation > 0.0 ? fmin(1.0, ql_erfc_f64(distance / deviation / sqrt(2.0))) : 1.0;
    }
    return QL_OK;
}
