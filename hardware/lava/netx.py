"""lava-dl's own netx, run in a process of its own: `python -m neurokit.hardware.lava.netx REQUEST ANSWER`.

It belongs to the parity ladder, whose lowest rung for a `.net` file is what netx and Lava make of it. A process of its
own, because netx imports much, prints, and may fail in any way; who starts it bounds its time (converters/run_slayer).

REQUEST (.npz): `values` (batch, time, *shape), whole numbers, channels first; `ask`, JSON of an Ask.
ANSWER (.npz): `spikes/NAME` and `STATE/NAME` (batch, steps, *shape), channels first; of dense layers
`weights/NAME/SYNAPSE` as Lava takes them; of resonators `turn/NAME` (2, ...), sine and cosine; `version` of lava-dl. Or
`error`, one line.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import io
import json
import os
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.hardware.lava import loading
from neurokit.system import available_memory

FAILED = 3  # exit code when ANSWER holds an error
# netx imports all of SLAYER, and with it torch, for one function that only resonators need; stand-ins take its place.
STAND_INS = (
    "lava.lib.dl.netx.sequential_modules",
    "lava.lib.dl.slayer",
    "lava.lib.dl.slayer.neuron",
    "lava.lib.dl.slayer.neuron.rf",
)
LEAST_SPACE = 2**32  # bytes of addresses: libraries take some GB of them, and little memory
SYNAPSES = ("synapse", "synapse_rec", "real_synapse", "imag_synapse")  # netx's names of a dense layer's


@dataclass(frozen=True)
class Ask:
    """What to run.

    path: the file. layers: how many of the file's layers to build. names, states: of each layer with neurons, in the
    file's order, and which of its states to note. steps: of each sample. entry: "bias" (the input layer's LIF),
    "neurons" (its sigma-delta encoder) or "weights" (the first layer that has some). passed_by: layers before that.
    window: steps between resets, None for no reset. message_bits: of the input, 0 for spikes without payload.
    resonators: whether there are some.
    """

    path: str
    layers: int
    names: tuple[str, ...]
    states: tuple[tuple[str, ...], ...]
    steps: int
    entry: str
    passed_by: int
    window: int | None
    message_bits: int
    resonators: bool


def main(request: str, answer: str) -> int:
    """Run what REQUEST asks for; the exit code."""
    _bound()
    code = 0
    try:
        with np.load(request, allow_pickle=False) as asked:
            values = asked["values"]
            ask = Ask(**json.loads(str(asked["ask"])))
        with loading.quiet(), contextlib.redirect_stdout(io.StringIO()):
            found = run(ask, values)
    except MemoryError:
        found, code = {"error": np.asarray("it takes more memory than there is")}, FAILED
    except Exception as error:  # noqa: BLE001 - whatever netx raises on the file is what is to be told
        words = " ".join(str(error).split())
        found, code = {"error": np.asarray(f"{type(error).__name__}: {words}"[:500])}, FAILED
    partial = Path(answer).with_suffix(".part.npz")
    np.savez(partial, **found)
    partial.replace(answer)
    return code


def run(ask: Ask, values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Build the network with netx and run each sample from zero state; see ANSWER."""
    from neurokit.hardware.lava.deadline import Deadline
    from neurokit.hardware.lava.inprocess import InProcess
    from neurokit.hardware.lava.tape import Tape

    loading.load()
    with _importable(ask.resonators), loading.models_remembered():
        network, entrance, source = _network(ask)
        from lava.magma.core.run_configs import Loihi2SimCfg

        executor = InProcess(network.compile(Loihi2SimCfg(select_tag="fixed_pt")))
    shapes = [layer.neuron.s_out.shape for layer in network.layers]
    tapes = {
        name: Tape(shape, ask.steps, np.int32, list(states))
        for name, shape, states in zip(ask.names, shapes, ask.states, strict=True)
    }
    noted: dict[str, list[NDArray[Any]]] = {}
    deadline = Deadline(float("inf"), "netx")  # who started this process bounds it
    for sample in values:
        executor.start(_Tapes(tapes))  # type: ignore[arg-type]  # of no Program
        models = dict(executor.models)
        frames = _frames(sample, ask.steps, entrance)
        if source:
            models[source].data = np.moveaxis(frames, 0, -1)
            executor.advance(ask.steps, deadline)
        else:
            for frame in frames:
                models[ask.names[0]].bias_mant[...] = frame
                executor.advance(1, deadline)
        for name, tape in tapes.items():
            assert tape.spikes is not None, "asked for above"
            for what, array in (("spikes", tape.spikes), *tape.states.items()):
                noted.setdefault(f"{what}/{name}", []).append(_channels_first(array).copy())
            tape.clear()
    found = {key: np.stack(arrays) for key, arrays in noted.items()}
    return {**found, **_as_read(ask.names, models), "version": np.asarray(importlib.metadata.version("lava-dl"))}


class _Tapes:
    """What `InProcess.start` asks of `tape.Tapes`."""

    def __init__(self, tapes: Mapping[str, Any]) -> None:
        self.tapes = tapes

    def attach(self, name: str, model: Any) -> None:
        """Note what a layer's neurons do."""
        if name in self.tapes:
            self.tapes[name].attach(model)


def _network(ask: Ask) -> tuple[Any, tuple[int, ...], str]:
    """netx's network, its neurons under our names; the shape in which it is fed, and the name of the source that does.

    The name is "" where data are biases.
    """
    from lava.lib.dl.netx.hdf5 import Network
    from lava.proc.io.sink import RingBuffer as Sink
    from lava.proc.io.source import RingBuffer as Source

    # A source counts as a layer: netx begins a window when the first layer with weights is fed.
    offset = 1 if ask.entry == "weights" else 0
    network = Network(ask.path, ask.layers, ask.passed_by, ask.message_bits, None, ask.window, offset)
    if len(network.layers) != len(ask.names):
        raise ValueError(f"it makes {len(network.layers)} layers where {len(ask.names)} are expected")
    for name, layer in zip(ask.names, network.layers, strict=True):
        layer.neuron.name = name
        for part in SYNAPSES:
            if hasattr(layer, part):
                getattr(layer, part).name = f"{name}/{part}"
    network.out.connect(Sink(shape=network.out_layer.out.shape, buffer=1).a_in)
    if ask.entry == "bias":
        return network, tuple(network.in_layer.neuron.a_in.shape), ""
    port = network.inp if ask.entry == "weights" else network.in_layer.neuron.a_in
    shape = tuple(port.shape)
    source = Source(data=np.zeros((*shape, ask.steps), np.int32))
    source.s_out.connect(port)
    source.name = "the ladder's source"
    return network, shape, source.name


def _frames(sample: NDArray[Any], steps: int, shape: tuple[int, ...]) -> NDArray[np.int32]:
    """(time, *shape) channels first as (steps, *shape) in netx's order, zeros behind the end.

    Images are (width, height, channels) there; flattened they are in SLAYER's order, channels first.
    """
    frames = np.zeros((steps, *sample.shape[1:]), np.int32)
    frames[: len(sample)] = sample[:steps]
    return np.ascontiguousarray(_channels_first(frames) if len(shape) == 3 else frames.reshape(steps, *shape))


def _channels_first(array: NDArray[Any]) -> NDArray[Any]:
    """(steps, width, height, channels) as (steps, channels, height, width), and back; anything else as it is."""
    return array.transpose(0, 3, 2, 1) if array.ndim == 4 else array


def _as_read(names: Sequence[str], models: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Dense weights and the turns of resonators as the models hold them."""
    found = {}
    for name in names:
        for part in SYNAPSES:
            model = models.get(f"{name}/{part}")
            if model is not None and np.ndim(getattr(model, "weights", 0)) == 2:
                found[f"weights/{name}/{part}"] = _weights_of(model)
        if hasattr(models[name], "sin_decay"):
            found[f"turn/{name}"] = np.stack([models[name].sin_decay, models[name].cos_decay])
    return found


def _weights_of(model: Any) -> NDArray[Any]:
    """(targets, sources), in whole units; a weight that a negative exponent cuts is no whole number."""
    return np.asarray(model.weights * 2.0**model.weight_exp)


@contextlib.contextmanager
def _importable(resonators: bool) -> Iterator[None]:
    """Let netx be imported without torch; with it where resonators need SLAYER's own function."""
    if resonators:
        importlib.import_module("lava.lib.dl.netx.hdf5")
        yield
        return
    found = importlib.util.find_spec("lava.lib.dl")
    if found is None or not found.submodule_search_locations:
        raise ImportError("lava-dl is not where it should be")
    beside = Path(next(iter(found.submodule_search_locations))) / "netx" / "hdf5.py"
    for name in STAND_INS:
        module = types.ModuleType(name)
        module.__file__ = str(beside)  # Lava's compiler looks for models beside it
        sys.modules[name] = module
    vars(sys.modules[STAND_INS[-1]])["neuron_params"] = None
    try:
        yield
    finally:
        for name in STAND_INS:
            sys.modules.pop(name, None)


def _bound() -> None:
    """No core file, no more memory than there is, and an end with the parent."""
    import resource

    parent = os.getppid()
    loading.die_with_parent()
    if os.getppid() != parent:  # it went before that
        os._exit(FAILED)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    left = available_memory()
    if left is not None:
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        taken = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
        most = taken + max(left, LEAST_SPACE)
        resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
