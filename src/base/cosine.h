// The cosine of an angle in turns, without libm: the same to the last bit on every machine (docs/arithmetic.md).
// Uses: nothing. Logarithm, exponential and power are in device/elementary.h.
#ifndef QL_BASE_COSINE_H
#define QL_BASE_COSINE_H

// Return cos(2 pi turns) for |turns| up to 2^31. The error is below 2^-52, and below 2 units in the last place of
// the result; multiples of a quarter of a turn are exact.
// Angles are in turns because then the reduction to a quarter of a turn is exact: no digits of pi take part in it.
double ql_cosine_of_turns(double turns);

#endif
