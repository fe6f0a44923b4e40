// Intervals and the signed-rank test against published values.
// Uses: study/statistics, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "device/random.h"
#include "study/statistics.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance)) {
        fail_msg("%.10g instead of %.10g", value, expected);
    }
}

// R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
static void wilson_intervals_are_those_of_newcombe(void **state)
{
    static const struct {
        uint64_t successes, trials;
        double low, high;
    } published[] = {
        {81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0.0, 0.1611}, {1, 29, 0.0061, 0.1718}};

    (void)state;
    for (size_t k = 0; k < COUNT(published); k++) {
        const struct ql_interval interval = ql_interval_wilson(published[k].successes, published[k].trials);
        const struct ql_interval other =
            ql_interval_wilson(published[k].trials - published[k].successes, published[k].trials);
        assert_near(interval.low, published[k].low, 0.00005);
        assert_near(interval.high, published[k].high, 0.00005);
        assert_near(other.low, 1.0 - interval.high, 1e-12);
        assert_near(other.high, 1.0 - interval.low, 1e-12);
    }
    assert_true(ql_interval_wilson(0, 0).low == 0.0 && ql_interval_wilson(0, 0).high == 1.0);
    assert_true(ql_interval_wilson(5, 5).high == 1.0);
}

// For 2000 samples of 400 with a known share, about 95 % of the intervals contain it.
static void wilson_interval_covers_the_true_share_as_often_as_it_says(void **state)
{
    static const double shares[] = {0.04, 0.3};
    struct ql_random random;

    (void)state;
    ql_random_init(&random, 1);
    for (size_t s = 0; s < COUNT(shares); s++) {
        int covered = 0;
        for (int sample = 0; sample < 2000; sample++) {
            uint64_t successes = 0;
            for (int k = 0; k < 400; k++) {
                successes += (double)ql_random_step_f32(&random) < shares[s];
            }
            const struct ql_interval interval = ql_interval_wilson(successes, 400);
            covered += interval.low <= shares[s] && shares[s] <= interval.high;
        }
        assert_in_range(covered, 1860, 1940);
    }
}

static void variation_of_distributions_is_half_the_sum_of_differences(void **state)
{
    static const uint64_t left[] = {0, 10, 0, 10}, right[] = {0, 0, 0, 5, 0, 15}, nothing[] = {0};

    (void)state;
    assert_near(ql_distance_variation(left, 4, left, 4, 1, 10), 0.0, 1e-15);
    assert_near(ql_distance_variation(left, 4, right, 6, 1, 10), 0.75, 1e-15);
    assert_near(ql_distance_variation(left, 4, right, 6, 4, 10), 0.75, 1e-15); // 0 to 3, 4 to 7
    assert_near(ql_distance_variation(left, 4, right, 6, 3, 2), 0.5, 1e-15);   // 0 to 2, all others
    assert_near(ql_distance_variation(left, 4, right, 6, 2, 2), 0.5, 1e-15);   // the last bin takes 2 to 5
    assert_near(ql_distance_variation(left, 4, right, 6, 8, 10), 0.0, 1e-15);
    assert_near(ql_distance_variation(left, 4, nothing, 1, 1, 10), 1.0, 1e-15);
    assert_near(ql_distance_variation(nothing, 1, nothing, 1, 1, 10), 0.0, 1e-15);
}

// Differences of sizes 1 to n without ties, of which those in the set with sum `below` are negative: taking the largest
// that fits first finds such a set for every sum.
static struct ql_signed_rank test_with_sum(int n, int below)
{
    double differences[64];
    struct ql_signed_rank test;
    struct ql_error error;

    for (int size = n; size >= 1; size--) {
        const int negative = size <= below;
        differences[size - 1] = negative ? -size : size;
        below -= negative ? size : 0;
    }
    assert_int_equal(below, 0);
    assert_int_equal(ql_signed_rank_init(&test, differences, (size_t)n, &error), QL_OK);
    return test;
}

// The two-sided critical values of the smaller rank sum, as in the tables after Wilcoxon and Wilcox (Some rapid
// approximate statistical procedures, 1964): at the value p is at most alpha, one above it more.
static void signed_rank_critical_values_are_those_of_the_table(void **state)
{
    static const struct {
        int n, at_5_percent, at_1_percent; // -1: none
    } table[] = {{6, 0, -1},   {7, 2, -1},   {8, 3, 0},    {9, 5, 1},    {10, 8, 3},   {11, 10, 5},  {12, 13, 7},
                 {13, 17, 9},  {14, 21, 12}, {15, 25, 15}, {16, 29, 19}, {17, 34, 23}, {18, 40, 27}, {19, 46, 32},
                 {20, 52, 37}, {21, 58, 42}, {22, 65, 48}, {23, 73, 54}, {24, 81, 61}, {25, 89, 68}};

    (void)state;
    for (size_t k = 0; k < COUNT(table); k++) {
        const int n = table[k].n;
        assert_true(test_with_sum(n, table[k].at_5_percent).exact);
        assert_true(test_with_sum(n, table[k].at_5_percent).p <= 0.05);
        assert_true(test_with_sum(n, table[k].at_5_percent + 1).p > 0.05);
        assert_true(table[k].at_1_percent < 0 || test_with_sum(n, table[k].at_1_percent).p <= 0.01);
        assert_true(test_with_sum(n, table[k].at_1_percent + 1).p > 0.01);
    }
    assert_near(test_with_sum(5, 0).p, 0.0625, 1e-15); // no n below 6 reaches 5 %
}

// C. Darwin's maize of 1876, crossed against self-fertilized, in eighths of an inch: the data of R. A. Fisher's The
// Design of Experiments (1935), and of many textbooks since. T = 24, p = 0.0413.
static void signed_rank_of_darwins_maize_is_the_textbooks(void **state)
{
    static const double maize[] = {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};
    struct ql_signed_rank test;
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_signed_rank_init(&test, maize, COUNT(maize), &error), QL_OK);
    assert_int_equal(test.pairs, 15);
    assert_near(test.above, 96.0, 0.0);
    assert_near(test.below, 24.0, 0.0);
    assert_near(test.p, 0.041259765625, 1e-12);
    assert_near(test.effect, 0.6, 1e-12);
}

// Equal sizes share their mean rank, and differences of 0 are left out: sizes 1 1 2 2 2 3, ranks 1.5 1.5 4 4 4 6;
// above = 1.5 + 4 + 4 + 6 = 15.5, below = 1.5 + 4 = 5.5. Of the 64 sets of these ranks, 13 have a sum of at most
// 5.5: the empty one, two of 1.5, one of 3, three of 4, and six of 5.5.
static void signed_rank_with_ties_shares_ranks(void **state)
{
    static const double differences[] = {1, 0, -1, 2, 2, 0, -2, 3};
    struct ql_signed_rank test;
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_signed_rank_init(&test, differences, COUNT(differences), &error), QL_OK);
    assert_int_equal(test.pairs, 6);
    assert_true(test.exact);
    assert_near(test.above, 15.5, 0.0);
    assert_near(test.below, 5.5, 0.0);
    assert_near(test.p, 0.40625, 1e-15);
}

// The share of all 2^n signs whose smaller sum of ranks is at most that of the differences.
static double count_signs(const double *differences, int n)
{
    double ranks[16], smaller = 0.0, sum = 0.0;
    int extreme = 0;

    for (int k = 0; k < n; k++) {
        ranks[k] = 0.5;
        for (int other = 0; other < n; other++) {
            const double size = fabs(differences[k]), other_size = fabs(differences[other]);
            ranks[k] += other_size < size ? 1.0 : other_size > size ? 0.0 : 0.5;
        }
        sum += ranks[k];
        smaller += differences[k] < 0.0 ? ranks[k] : 0.0;
    }
    smaller = fmin(smaller, sum - smaller);
    for (int signs = 0; signs < 1 << n; signs++) {
        double below = 0.0;
        for (int k = 0; k < n; k++) {
            below += (signs >> k & 1) != 0 ? ranks[k] : 0.0;
        }
        extreme += fmin(below, sum - below) <= smaller;
    }
    return ldexp(extreme, -n);
}

// Differences are small whole numbers, and most models differ in few items: so ties are the rule.
static void signed_rank_of_few_pairs_counts_all_signs(void **state)
{
    static const double equal[] = {4, 4, 4, 4, 4};
    struct ql_random random;
    struct ql_signed_rank test;
    struct ql_error error;

    (void)state;
    for (size_t n = 1; n <= COUNT(equal); n++) { // as in the sign test, five pairs do not reach 5 %
        assert_int_equal(ql_signed_rank_init(&test, equal, n, &error), QL_OK);
        assert_near(test.p, ldexp(2.0, -(int)n), 1e-15);
    }
    ql_random_init(&random, 4);
    for (int sample = 0; sample < 200; sample++) {
        double differences[10];
        const int n = 1 + sample % 10;
        for (int k = 0; k < n; k++) {
            const int size = 1 + (int)(ql_random_step(&random) % 4);
            differences[k] = ql_random_step(&random) % 2 == 0 ? size : -size;
        }
        assert_int_equal(ql_signed_rank_init(&test, differences, (size_t)n, &error), QL_OK);
        assert_near(test.p, count_signs(differences, n), 1e-12);
    }
}

// 60 pairs of sizes 1, 2 and 3, 20 of each, with the ranks 10.5, 30.5 and 50.5, of which a quarter is negative: below =
// 5 * 91.5 = 457.5; variance = 60 * 61 * 121 / 24 - 3 * (20^3 - 20) / 48 = 17953.75; z = (915 - 457.5 - 0.5) / 133.99.
static void signed_rank_of_many_pairs_corrects_for_ties(void **state)
{
    double differences[60];
    struct ql_signed_rank test;
    struct ql_error error;

    (void)state;
    for (int k = 0; k < 60; k++) {
        differences[k] = k / 3 % 4 == 0 ? -1 - k % 3 : 1 + k % 3;
    }
    assert_int_equal(ql_signed_rank_init(&test, differences, COUNT(differences), &error), QL_OK);
    assert_false(test.exact);
    assert_near(test.below, 457.5, 0.0);
    assert_near(test.p, erfc(457.0 / sqrt(17953.75) / sqrt(2.0)), 1e-12);
}

static void signed_rank_without_pairs_says_nothing(void **state)
{
    static const double zeros[] = {0, 0, 0};
    struct ql_signed_rank test;
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_signed_rank_init(&test, zeros, 3, &error), QL_OK);
    assert_int_equal(test.pairs, 0);
    assert_near(test.p, 1.0, 0.0);
    assert_int_equal(ql_signed_rank_init(&test, NULL, 0, &error), QL_OK);
    assert_near(test.p, 1.0, 0.0);
}

// The normal distribution takes over where the exact one ends, without a jump.
static void signed_rank_exact_and_normal_agree_at_the_border(void **state)
{
    (void)state;
    for (int below = 300; below <= 637; below += 20) {
        const struct ql_signed_rank exact = test_with_sum(50, below);
        const double deviation = sqrt(50.0 * 51.0 * 101.0 / 24.0);
        assert_true(exact.exact);
        assert_near(exact.p, erfc((637.5 - below - 0.5) / deviation / sqrt(2.0)), 0.005);
    }
    assert_false(test_with_sum(51, 400).exact);
}

// If there is no difference, p is below 5 % in about 5 % of all tests, for small samples and for large ones with ties.
static void signed_rank_of_equal_sides_errs_as_often_as_it_says(void **state)
{
    struct ql_random random;
    struct ql_error error;

    (void)state;
    ql_random_init(&random, 3);
    for (int large = 0; large < 2; large++) {
        int called = 0;
        for (int sample = 0; sample < 2000; sample++) {
            double differences[200];
            struct ql_signed_rank test;
            const int n = large != 0 ? 200 : 20;
            for (int k = 0; k < n; k++) {
                const float difference = ql_random_step_f32(&random) - ql_random_step_f32(&random);
                differences[k] = large != 0 ? round(8.0 * (double)difference) : (double)difference;
            }
            assert_int_equal(ql_signed_rank_init(&test, differences, (size_t)n, &error), QL_OK);
            called += test.p <= 0.05;
        }
        assert_in_range(called, 60, 140);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wilson_intervals_are_those_of_newcombe),
        cmocka_unit_test(wilson_interval_covers_the_true_share_as_often_as_it_says),
        cmocka_unit_test(variation_of_distributions_is_half_the_sum_of_differences),
        cmocka_unit_test(signed_rank_critical_values_are_those_of_the_table),
        cmocka_unit_test(signed_rank_of_darwins_maize_is_the_textbooks),
        cmocka_unit_test(signed_rank_with_ties_shares_ranks),
        cmocka_unit_test(signed_rank_of_few_pairs_counts_all_signs),
        cmocka_unit_test(signed_rank_of_many_pairs_corrects_for_ties),
        cmocka_unit_test(signed_rank_without_pairs_says_nothing),
        cmocka_unit_test(signed_rank_exact_and_normal_agree_at_the_border),
        cmocka_unit_test(signed_rank_of_equal_sides_errs_as_often_as_it_says),
    };
    return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
