"""The package list, which pyproject.toml alone cannot state; everything else stands there.

`neurokit.converters` and `neurokit.hardware` lie in folders of their own beside `neurokit` (see `package-dir`).
The symlinks inside `neurokit` are for type checkers and editors only: they are left out here, so each package is
counted once, and an archive or checkout without symlinks builds the same wheel.
"""

from setuptools import find_packages, setup

OUTSIDE = ("converters", "hardware")


def packages() -> list[str]:
    """Names of all packages, each once."""
    found = find_packages(include=["neurokit", "neurokit.*"], exclude=[f"neurokit.{top}*" for top in OUTSIDE])
    for top in OUTSIDE:
        found += [f"neurokit.{top}", *(f"neurokit.{top}.{sub}" for sub in find_packages(top))]
    return found


setup(packages=packages())
