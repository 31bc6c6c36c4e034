# cython: language_level=3
"""What this processor can do."""

cdef extern from *:
    """
    #if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
    static int trio_rdp_has_avx2(void) {
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    }
    #else
    static int trio_rdp_has_avx2(void) { return 0; }
    #endif
    """
    bint trio_rdp_has_avx2()


def has_avx2():
    """Whether the kernels of `compiled.avx2` run here."""
    return trio_rdp_has_avx2()
