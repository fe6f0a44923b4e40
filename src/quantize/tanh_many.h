// tanh of many numbers at once, each to the bit as ql_tanh_s16 gives it; by AVX2 or AVX-512 where they are there.
// Uses: stdint.h.
#ifndef QL_QUANTIZE_TANH_MANY_H
#define QL_QUANTIZE_TANH_MANY_H

#include <stdint.h>

// y[k] = ql_tanh_s16(x[k]). y may be x.
void ql_tanh_write_many(int32_t *y, const int32_t *x, int count);

#endif
