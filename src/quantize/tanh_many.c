// tanh of many numbers: the table's entries are gathered two neighbors at a time, with one 32-bit load each.
// Uses: base/vectors, device/tanh_s16.h, the compiler's intrinsics.
#include "quantize/tanh_many.h"

#include "base/vectors.h"
#include "device/tanh_s16.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

enum { PART = (1 << QL_TANH_STEP_BITS) - 1, HALF = 1 << (QL_TANH_STEP_BITS - 1) };

// In all of these, x from 6 on gets the value at 6 - 1/1024, which is the same.
QL_TARGET_AVX512 static int run_avx512(int32_t *y, const int32_t *x, int count)
{
    int k = 0;

    for (; k + 16 <= count; k += 16) {
        __m512i place = _mm512_max_epi32(_mm512_loadu_si512(x + k), _mm512_set1_epi32(-QL_TANH_REACH));
        place = _mm512_min_epi32(place, _mm512_set1_epi32(QL_TANH_REACH - 1));
        place = _mm512_add_epi32(place, _mm512_set1_epi32(QL_TANH_REACH));
        const __m512i pair = _mm512_i32gather_epi32(_mm512_srli_epi32(place, QL_TANH_STEP_BITS), ql_tanh_table, 2);
        const __m512i entry = _mm512_srai_epi32(_mm512_slli_epi32(pair, 16), 16);
        const __m512i step = _mm512_sub_epi32(_mm512_srai_epi32(pair, 16), entry);
        const __m512i way = _mm512_mullo_epi32(step, _mm512_and_si512(place, _mm512_set1_epi32(PART)));
        const __m512i rounded = _mm512_srai_epi32(_mm512_add_epi32(way, _mm512_set1_epi32(HALF)), QL_TANH_STEP_BITS);
        _mm512_storeu_si512(y + k, _mm512_add_epi32(entry, rounded));
    }
    return k;
}

QL_TARGET_AVX2 static int run_avx2(int32_t *y, const int32_t *x, int count)
{
    int k = 0;

    for (; k + 8 <= count; k += 8) {
        __m256i place = _mm256_loadu_si256((const __m256i *)(const void *)(x + k));
        place = _mm256_max_epi32(place, _mm256_set1_epi32(-QL_TANH_REACH));
        place = _mm256_min_epi32(place, _mm256_set1_epi32(QL_TANH_REACH - 1));
        place = _mm256_add_epi32(place, _mm256_set1_epi32(QL_TANH_REACH));
        const __m256i pair = _mm256_i32gather_epi32((const int *)(const void *)ql_tanh_table,
                                                    _mm256_srli_epi32(place, QL_TANH_STEP_BITS), 2);
        const __m256i entry = _mm256_srai_epi32(_mm256_slli_epi32(pair, 16), 16);
        const __m256i step = _mm256_sub_epi32(_mm256_srai_epi32(pair, 16), entry);
        const __m256i way = _mm256_mullo_epi32(step, _mm256_and_si256(place, _mm256_set1_epi32(PART)));
        const __m256i rounded = _mm256_srai_epi32(_mm256_add_epi32(way, _mm256_set1_epi32(HALF)), QL_TANH_STEP_BITS);
        _mm256_storeu_si256((__m256i *)(void *)(y + k), _mm256_add_epi32(entry, rounded));
    }
    return k;
}

static int run_widest(int32_t *y, const int32_t *x, int count)
{
    switch (ql_vectors()) {
    case QL_VECTORS_AVX512:
        return run_avx512(y, x, count);
    case QL_VECTORS_AVX2:
        return run_avx2(y, x, count);
    default:
        return 0;
    }
}

#else

static int run_widest(int32_t *y, const int32_t *x, int count)
{
    (void)y, (void)x, (void)count;
    return 0;
}

#endif

void ql_tanh_write_many(int32_t *y, const int32_t *x, int count)
{
    for (int k = run_widest(y, x, count); k < count; k++) {
        y[k] = ql_tanh_s16(x[k]);
    }
}
