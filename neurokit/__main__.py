"""`python -m neurokit`."""

from neurokit.cli import main

main()
