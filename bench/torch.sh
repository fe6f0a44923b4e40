# What the benchmarks compare with: the python3 that has PyTorch, and the vectors that PyTorch may use. Sourced by them.
# Sets torch (empty where there is none), core (OpenBLAS's name for the processor's vectors, empty where it has none), and
# is_limited: with QUILLET_VECTORS=avx2, PyTorch has AVX2 only, too, on a processor that has more.
# shellcheck shell=bash disable=SC2034

torch=
for python in python3 /usr/bin/python3; do
    if "$python" -c 'import torch' 2> /dev/null; then
        torch=$python
        break
    fi
done

# An old OpenBLAS takes its slowest kernels on a processor that it does not know. Told which, it is not at a disadvantage.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
core=
is_limited=
if grep -qw avx512f /proc/cpuinfo 2> /dev/null; then
    core=SKYLAKEX
    if [[ ${QUILLET_VECTORS-} == avx2 ]]; then
        core=HASWELL is_limited=yes
        export ATEN_CPU_CAPABILITY=avx2 DNNL_MAX_CPU_ISA=AVX2
    fi
elif grep -qw avx2 /proc/cpuinfo 2> /dev/null; then
    core=HASWELL
fi
