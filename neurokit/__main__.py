"""`python -m neurokit`."""

from neurokit.cli import main

if __name__ == "__main__":
    main()
