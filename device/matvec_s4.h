// Matrix times vector with 4-bit weights: y += W x, by the fastest kernel for the processor that is compiled for.
// All give the sums of ql_matvec_s4_plain, to the bit.
// Uses: device/matrix_s4.h, device/matvec_s4_m0.h, device/matvec_s4_dsp.h, stdint.h.
#ifndef QL_DEVICE_MATVEC_S4_H
#define QL_DEVICE_MATVEC_S4_H

#include <stdint.h>

#include "device/matrix_s4.h"
#include "device/matvec_s4_dsp.h"
#include "device/matvec_s4_m0.h"

// ql_matvec_s4 for Cortex-M0+ is in matvec_s4_m0.h, that for processors with DSP instructions in matvec_s4_dsp.h.
#if !defined(QL_MATVEC_M0) && !defined(QL_MATVEC_DSP)
static inline void ql_matvec_s4(int32_t *y, const struct ql_matrix_s4 *w, const int8_t *x)
{
    ql_matvec_s4_plain(y, w, x);
}
#endif

#endif
