"""The tasks of `benchmarks/gpu_suite.py`."""
