"""The fast simulator: numba kernels, bit-identical with `neurokit.lower.fixedpoint`."""
