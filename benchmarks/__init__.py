"""Speed, measured in CPU seconds on both sides: `make bench`, or `python -m benchmarks --json build/bench.json`."""
