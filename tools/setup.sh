#!/usr/bin/env bash
# Makes .venv with CPython 3.10 and installs neurokit into it, at the versions of constraints.txt.
#
#   tools/setup.sh core    neurokit as an editable install (default)
#   tools/setup.sh test    the same, the test tools, and the frameworks that the tests convert from: torch 2.3 (5 GB with
#                          the CUDA libraries that PyPI's build is linked to), snnTorch, Norse, sinabs, SpikingJelly, lava-dl
#
# A finished install leaves a stamp that names its inputs. As long as they are unchanged a further run does nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly VENV=.venv
readonly MODE=${1:-core}
readonly INPUTS=(pyproject.toml setup.py constraints.txt tools/setup.sh)

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

[[ $MODE == core || $MODE == test ]] || { say "unknown mode '$MODE': use core or test"; exit 2; }

# What an install depends on; the folder counts too, because an environment cannot be moved.
inputs() { pwd -P; cksum "${INPUTS[@]}"; }
stamp() { printf '%s/neurokit-%s.stamp' "$VENV" "$1"; }
is_done() { [[ -x $VENV/bin/python && -f $(stamp "$1") && $(<"$(stamp "$1")") == "$WANTED" ]]; }

WANTED=$(inputs)
is_done "$MODE" && exit 0

# Two runs at once would spoil each other's install: the second one waits, and then finds its work done.
if command -v flock >/dev/null; then
    exec 9>.setup.lock
    flock 9
    is_done "$MODE" && exit 0
fi

# A candidate counts only if it runs (pyenv's shims bear every name, and refuse) and has the given modules (Debian takes some out).
is_cpython310() {
    "$1" -c "import sys, $2
raise SystemExit(sys.version_info[:2] != (3, 10) or sys.implementation.name != 'cpython')" >/dev/null 2>&1 </dev/null
}

make_venv() {
    local candidate version
    for candidate in python3.10 python3; do
        if is_cpython310 "$candidate" "venv, ensurepip"; then
            "$candidate" -m venv "$VENV"
            return
        fi
    done
    if command -v pyenv >/dev/null; then
        version=$(pyenv versions --bare 2>/dev/null | grep -E "^$(<.python-version)\.[0-9]+$" | sort -t. -k3,3n | tail -n 1 || true)
        candidate="$(pyenv root)/versions/$version/bin/python"
        if [[ -n $version ]] && is_cpython310 "$candidate" "venv, ensurepip"; then
            "$candidate" -m venv "$VENV"
            return
        fi
    fi
    if command -v uv >/dev/null && uv venv --quiet --seed --python 3.10 "$VENV"; then
        return
    fi
    rm -rf "$VENV" "$MAKING"
    fail "CPython 3.10 with venv is needed (Lava runs on no other) and was not found:" \
        "get it by 'pyenv install 3.10', 'apt install python3.10-venv' or by installing uv, then run this again."
}

# --- the environment ---
# The mark tells an environment that was interrupted in the making, which may be thrown away, from somebody else's.
readonly MAKING=.setup.making
if [[ -f $MAKING ]] || ! is_cpython310 "$VENV/bin/python" pip; then
    if [[ -e $VENV && ! -f $MAKING ]]; then
        fail "$VENV exists, but is no working CPython 3.10 with pip: remove it ('make clean'), then run this again."
    fi
    say "making $VENV"
    : >"$MAKING"
    rm -rf "$VENV"
    make_venv
    rm -f "$MAKING"
fi

# --- the install ---
# -qq leaves errors only. Constraints come by the environment, so that they bind the build of neurokit itself as well.
pip_install() {
    env PIP_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 \
        "$VENV/bin/python" -m pip install -qq --no-compile "$@" </dev/null || fail "pip failed, see above"
}

# Instead of compiling 700 MB of Python, import what neurokit imports: that compiles the part in use, and shows that it works.
# What packages say when they are imported (lava-dl: "Prophesee Dataset Toolbox could not be found!") is shown on failure only.
import_once() {
    local said
    said=$(env -u PYTHONDONTWRITEBYTECODE "$VENV/bin/python" -W ignore -c "import $1" </dev/null 2>&1) || {
        printf '%s\n' "$said" >&2
        fail "the install is broken, see above: 'make clean', then run this again."
    }
}

# One network through everything: that compiles what is imported late (numba's library, typer's) and shows that it computes.
run_once() {
    env -u PYTHONDONTWRITEBYTECODE "$VENV/bin/neurokit" conformance --networks 1 --no-edges </dev/null >/dev/null ||
        fail "the install is broken, see above: 'make clean', then run this again."
}

if [[ $MODE == test ]]; then readonly DURATION="a few minutes"; else readonly DURATION="a minute or so"; fi
say "installing neurokit ($MODE) into $VENV: $DURATION, only this once"
rm -f "$(stamp core)" "$(stamp test)"
if [[ $MODE == test ]]; then
    pip_install --editable '.[test]'
    # Its wheel carries the recordings that the tests compare with. It runs with newer versions than it asks for (pillow),
    # and what else it needs is in the extra.
    pip_install --no-deps lava-dl
    import_once "_pytest.config, hypothesis, xdist"
    import_once "torch, torch.fx, snntorch, norse.torch, sinabs.layers, safetensors.numpy, nirtorch, \
spikingjelly.clock_driven.neuron, spikingjelly.activation_based.neuron"
else
    pip_install --editable .
fi
import_once "h5py, jinja2, lava.magma.core.run_configs, lava.proc.dense.models, lava.proc.lif.models, matplotlib.pyplot, nir, \
numba, onnx, rich.table, scipy.sparse, sklearn.linear_model, typer"
run_once

# Last of all, and only if the inputs did not change meanwhile: an interrupted install leaves no stamp.
[[ $(inputs) == "$WANTED" ]] || fail "pyproject.toml or constraints.txt changed during the install: run this again."
leave_stamp() { printf '%s\n' "$WANTED" >"$(stamp "$1").new" && mv "$(stamp "$1").new" "$(stamp "$1")"; }
leave_stamp core
if [[ $MODE == test ]]; then leave_stamp test; fi
