#!/usr/bin/env bash
# Lava beside its pin: neurokit and Lava on Python 3.12 or 3.11, whichever is here, and the tests that Lava is in.
#
# Lava 0.10.0 is pinned to Python 3.10; `neurokit doctor` says how it is installed elsewhere, and this does it.
# (On 3.13 numpy below 2, which Lava is pinned to, has to be built.)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly VENV=.venv-other
readonly TESTS=(tests/hardware/test_lava_equal.py tests/hardware/test_lava_export.py tests/hardware/test_lava_failures.py tests/test_doctor.py)

say() { printf 'other-python: %s\n' "$*" >&2; }

# A candidate counts only if it runs: pyenv's shims bear every name, and refuse.
interpreter() {
    local version candidate
    for version in 3.12 3.11; do
        for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python; do
            if "$candidate" -c "import sys, venv, ensurepip; raise SystemExit('%d.%d' % sys.version_info[:2] != '$version')" >/dev/null 2>&1; then
                printf '%s' "$candidate"
                return
            fi
        done
    done
    return 1
}

if ! PYTHON=$(interpreter); then
    say "skipped: there is no Python 3.12 or 3.11 here"
    exit 0
fi

readonly WANTED="$PYTHON $(cksum pyproject.toml "${BASH_SOURCE[0]}")"
if [[ ! -f $VENV/stamp || $(<"$VENV/stamp") != "$WANTED" ]]; then
    say "makes $VENV with $("$PYTHON" --version)"
    rm -rf "$VENV"
    "$PYTHON" -m venv "$VENV"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -e . "pytest>=7.4,<8" pytest-timeout hypothesis \
        "networkx<=2.8.7" "asteval<0.10"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --ignore-requires-python lava-nc==0.10.0
    printf '%s' "$WANTED" >"$VENV/stamp"
fi

"$VENV/bin/python" -m pytest -q -p no:cacheprovider -m "not slow" "${TESTS[@]}"
