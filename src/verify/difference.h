// Measures how far two arrays of floats are apart: in bits, absolutely, and in units in the last place (ULP).
// Uses: the C library.
#ifndef QL_VERIFY_DIFFERENCE_H
#define QL_VERIFY_DIFFERENCE_H

#include <stddef.h>
#include <stdint.h>

// Starts as {0}. Two NaNs do not differ. A NaN and a number differ by infinity and UINT32_MAX, as do two different
// infinities, and an infinity and a number.
struct ql_difference {
    size_t count;      // floats that were compared
    size_t unequal;    // of them, those with other bits (0 and -0 are unequal, and 0 apart)
    double absolute;   // the largest
    double relative;   // the largest of all steps: that of `absolute`, divided by the largest magnitude in the step's
                       // `left`, or by 1 where that is less
    uint32_t ulp;      // the largest: floats between the two, one of them included
    size_t worst;      // where `absolute` is: the number of the float among all that were compared
    float left, right; // the two values there
};

// Compares `count` further floats.
void ql_difference_step(struct ql_difference *difference, const float *left, const float *right, size_t count);

#endif
