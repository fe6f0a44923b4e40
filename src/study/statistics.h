// The statistics of a study: intervals of shares, distances of distributions, and the signed-rank test of pairs.
// Uses: base/status, the C library.
#ifndef QL_STUDY_STATISTICS_H
#define QL_STUDY_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct ql_interval {
    double low, high;
};

// The 95 % interval of a share that was seen in `successes` of `trials` independent items (E. B. Wilson, Journal of the
// American Statistical Association 22, 1927). It stays within [0, 1], and is valid for rare events, too. Without trials
// it is all of [0, 1].
struct ql_interval ql_interval_wilson(uint64_t successes, uint64_t trials);

// Half the sum of the differences of shares, 0 for equal distributions and 1 for those that have nothing in common.
// Bin k holds the lengths from k * width to (k + 1) * width - 1; the last of `bins` takes all longer ones. One empty
// distribution is at distance 1 from any other, and at 0 from an empty one.
double ql_distance_variation(const uint64_t *left, size_t left_count, const uint64_t *right, size_t right_count,
                             size_t width, size_t bins);

// Wilcoxon's signed-rank test (F. Wilcoxon, Biometrics Bulletin 1, 1945) of pairs: is the difference as often and as
// far above 0 as below?
struct ql_signed_rank {
    size_t pairs;  // pairs with a difference; those without one are left out
    double above;  // sum of the ranks of positive differences
    double below;  // of negative ones
    double p;      // two-sided; 1 without pairs
    double effect; // (above - below) / (above + below), from -1 to 1: the rank-biserial correlation
    int exact;     // p comes from the exact distribution, not from the normal one
};

// Equal sizes share their mean rank. p is exact for at most QL_SIGNED_RANK_EXACT pairs, also if sizes are equal;
// otherwise from the normal distribution, with the correction for ties and that for continuity.
// Errors: QL_ERROR_SYSTEM for no memory.
enum { QL_SIGNED_RANK_EXACT = 50 };
enum ql_status ql_signed_rank_init(struct ql_signed_rank *test, const double *differences, size_t count,
                                   struct ql_error *error);

#endif
