"""Speed, measured in CPU seconds on both sides: `make bench`, or `python -m benchmarks --help`.

`workloads` says what is timed, `simulator` and `lava` time it, `probe` measures what this machine can do at best,
`bounds` says how long a workload must take at least, `results` keeps what was measured, `table` shows it beside an
earlier run. `parts` lists what `--only` takes.
"""

import os

for library in ("OPENBLAS", "OMP", "MKL"):  # one thread on both sides, before numpy loads
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
