"""The hot kernels once more, from the same sources, for processors that have AVX2 and BMI2."""
