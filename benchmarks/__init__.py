"""Speed, measured in CPU seconds on both sides: `make bench`, or `python -m benchmarks --json build/bench.json`."""

import os

for library in ("OPENBLAS", "OMP", "MKL"):  # one thread on both sides, before numpy loads
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
