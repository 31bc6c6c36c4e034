"""The kernels in plain Python: the specification that runs, the tests' oracle, and what runs without a C compiler."""
