"""The kernels in Cython, on raw pointers; `trio_rdp.codecs.plain` says the same in plain Python, name by name."""
