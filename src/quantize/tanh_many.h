// Computes tanh of many numbers at once, with the same bits as ql_tanh_s16, by AVX2 or AVX-512 where the processor has
// them.
// Uses: stdint.h.
#ifndef QL_QUANTIZE_TANH_MANY_H
#define QL_QUANTIZE_TANH_MANY_H

#include <stdint.h>

// y[k] = ql_tanh_s16(x[k]). y may be x.
void ql_tanh_write_many(int32_t *y, const int32_t *x, int count);

#endif
