"""The frameworks whose networks the tests build: imported here, or the test is skipped with the reason.

`tools/setup.sh test` installs them. CI (CI=true, as .ci/run sets it) fails where one is missing, so that a passing run
has really compared with each of them.
"""

from __future__ import annotations

import importlib
import os
import warnings

import pytest


def framework(*names):
    """The modules of these names (one: the module itself), or a skip that says which one is missing."""
    found = [_imported(name) for name in names]
    return found[0] if len(found) == 1 else found


def _imported(name):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SpikingJelly's and lava-dl's sources warn when they are compiled
            module = importlib.import_module(name)
    except ImportError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"{name} cannot be imported ({error}): tools/setup.sh test installs it", allow_module_level=True)
    if name == "torch":
        module.set_num_threads(1)  # the tests run side by side
    return module
