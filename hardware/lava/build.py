"""The Lava processes of a Program, and how they are joined."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from lava.proc.conv.process import Conv
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.sparse.process import DelaySparse, Sparse
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from neurokit.graph import synapses
from neurokit.graph.fixed_plasticity import FixedSignal
from neurokit.graph.network import Program, Projection
from neurokit.hardware.lava.choice import graded_populations, image_process
from neurokit.hardware.lava.layout import lava_shape, rows_and_columns
from neurokit.hardware.lava.learning_rules import GRADED_BITS, learning_connection
from neurokit.hardware.lava.neurons import make_neurons, make_third_factor, target_port
from neurokit.hardware.lava.plastic import SYNAPTIC, place, plastic, rule_of, sends_potential, third_factors
from neurokit.hardware.lava.processes.basic import Knot, SpikeDelay
from neurokit.hardware.lava.processes.images import DelayedImageSynapse, ImageSynapse
from neurokit.lower.fixedpoint import chip_weights
from neurokit.lower.fold import to_matrix

if TYPE_CHECKING:
    from neurokit.hardware.lava.processes.network import ProgramProcess


def build_processes(network: ProgramProcess) -> list[Any]:
    """All processes inside `network`, connected with each other and with its ports. They bear the names of nodes."""
    program: Program = network.proc_params["program"]
    graded = {*network.proc_params["graded"], *graded_populations(program)}
    factors = third_factors(program)
    populations = {
        name: make_third_factor(population, factors[name]) if name in factors else make_neurons(population)
        for name, population in program.populations.items()
    }
    built = list(populations.values())
    for projection in program.projections:
        source = network.inputs.get(projection.source)
        potential = sends_potential(program, projection)
        if source is None:
            sender = populations[projection.source]
            source = sender.v_out if potential else sender.s_out
        target = populations[projection.target]
        bits = GRADED_BITS if potential or projection.source in graded else 0
        wire = _Wire(program, projection, source, target, bits)
        if rule_of(projection) is None:
            built += wire.processes()
        else:
            built.append(wire.learning(factors.get(projection.target, ())))
    for name, port in network.outputs.items():
        source = populations[name].s_out
        (source.transpose([2, 1, 0]) if len(port.shape) == 3 else source).connect(port)
    learning = {process.name: process for process in built if process.name in plastic(program)}
    for (name, state), variable in network.states.items():
        own = getattr(learning[name], SYNAPTIC[state]) if name in learning else getattr(populations[name], state)
        variable.alias(own)
    return built + _knots(program, populations)


def _knots(program: Program, populations: dict[str, Any]) -> list[Any]:
    """Knots between the parts of a Program that are not connected, none in the usual case of one part."""
    names = [*program.inputs, *program.populations]
    ends = [(names.index(p.source), names.index(p.target)) for p in program.projections]
    rows, columns = zip(*ends, strict=True) if ends else ((), ())
    links = csr_matrix((np.ones(len(ends)), (rows, columns)), shape=(len(names), len(names)))
    labels = dict(zip(names, connected_components(links, directed=False)[1], strict=True))
    members = list({labels[name]: process for name, process in populations.items()}.values())  # one of each part
    knots = []
    for first, second in pairwise(members):
        knot = Knot(sizes=(first.s_out.size, second.s_out.size), name=f"{first.name} and {second.name}")
        first.s_out.flatten().connect(knot.in_1)
        second.s_out.flatten().connect(knot.in_2)
        knots.append(knot)
    return knots


class _Wire:
    """One projection: from `port` (of a population, or an input port of the network) into `target`."""

    def __init__(self, program: Program, projection: Projection, port: Any, target: Any, bits: int) -> None:
        self.program = program
        self.projection = projection
        self.port = port
        self.process = target
        self.target = target_port(target, projection.port)
        self.bits = bits
        self.from_input = projection.source in program.inputs
        self.source_shape = program.shape_of(projection.source)
        self.target_shape = program.shape_of(projection.target)

    def processes(self) -> list[Any]:
        """The processes of the projection, connected."""
        synapse = self.projection.synapse
        if isinstance(synapse, synapses.Injection):
            self._image_port().connect(self.target)
            return []
        if isinstance(synapse, synapses.Convolving):
            return self._image(synapse)
        assert isinstance(synapse, synapses.Dense | synapses.Sparse), "check_program refuses others"
        process = self._dense(synapse) if isinstance(synapse, synapses.Dense) else self._sparse(synapse)
        self._join(process)
        return [process]

    def _join(self, process: Any) -> None:
        """Source and target with a process of flat ports."""
        (self.port if len(self.source_shape) == 1 else self.port.flatten()).connect(process.s_in)
        shape = self.target.shape
        (process.a_out if len(shape) == 1 else process.a_out.reshape(shape)).connect(self.target)

    def learning(self, signals: tuple[FixedSignal, ...]) -> Any:
        """The process of a plastic projection; signals: those that its target sends, in the order of their ports."""
        synapse, rule = self.projection.synapse, rule_of(self.projection)
        assert isinstance(synapse, synapses.Dense | synapses.Sparse), "plastic_faults refuses others"
        assert rule is not None, "it is plastic"
        rows, columns = rows_and_columns(self.program, self.projection)
        weight: Any = synapse.weight[rows][:, columns]
        if isinstance(synapse, synapses.Sparse):
            weight.sort_indices()
        process = learning_connection(
            rule, weight, exponent=synapse.exponent, graded=self.bits > 0, name=self.projection.name
        )
        self._join(process)
        spikes = self.process.s_out_bap if rule.three_factor else self.process.s_out
        spikes.flatten().connect(process.s_in_bap)
        for name, signal in rule.signals.items():
            number = place(signal, signals)
            assert number is not None, "third_factors collected them"
            getattr(self.process, f"s_out_y{number + 1}").flatten().connect(getattr(process, f"s_in_{name}"))
        return process

    def _image_port(self) -> Any:
        """The source's port with images in Lava's order: inputs come in the Program's."""
        turn = self.from_input and len(self.source_shape) == 3
        return self.port.transpose([2, 1, 0]) if turn else self.port

    def _dense(self, synapse: synapses.Dense) -> Any:
        chip = chip_weights(synapse.weight, synapse.exponent)
        rows, columns = rows_and_columns(self.program, self.projection)
        common = self._common(chip.mantissa[np.ix_(rows, columns)], chip.exponent)
        extra = self.projection.delay - 1
        if not extra.any():
            return Dense(**common)
        if (extra == extra.flat[0]).all():
            return DelayDense(**common, delays=int(extra.flat[0]))
        full = np.broadcast_to(extra, synapse.weight.shape)[np.ix_(rows, columns)]
        return DelayDense(**common, delays=full.astype(int))

    def _sparse(self, synapse: synapses.Sparse) -> Any:
        rows, columns = rows_and_columns(self.program, self.projection)
        weight = synapse.weight[rows][:, columns].tocsr()
        weight.eliminate_zeros()
        weight.sort_indices()
        chip = chip_weights(weight.data, synapse.exponent)
        mantissa = csr_matrix((chip.mantissa, weight.indices, weight.indptr), shape=weight.shape)
        common = self._common(mantissa, chip.exponent)
        extra = self.projection.delay - 1
        if not extra.any():
            return Sparse(**common)
        if (extra == extra.flat[0]).all():
            return DelaySparse(**common, delays=int(extra.flat[0]))
        full = np.broadcast_to(extra, weight.shape)[np.ix_(rows, columns)]
        targets = np.repeat(np.arange(weight.shape[0]), np.diff(weight.indptr))
        delays = csr_matrix((full[targets, weight.indices].astype(int), weight.indices, weight.indptr), weight.shape)
        return DelaySparse(**common, delays=delays)

    def _common(self, weights: Any, exponent: int) -> dict[str, Any]:
        return {
            "weights": weights,
            "weight_exp": exponent,
            "num_weight_bits": 8,
            "num_message_bits": self.bits,
            "name": self.projection.name,
        }

    def _image(self, synapse: synapses.Convolving) -> list[Any]:
        """Lava's Conv where it can hold the map, else our own process; a longer delay is a process before it."""
        convolution = image_process(self.projection, self.source_shape)
        shape, name, delays = lava_shape(self.source_shape), self.projection.name, self.projection.delay
        single = (delays == delays.flat[0]).all()
        if convolution is None:
            common: dict[str, Any] = {
                "shape": shape,
                "out_shape": lava_shape(self.target_shape),
                "num_message_bits": self.bits,
            }
            if single:
                process = ImageSynapse(**common, synapse=synapse, name=name)
            else:
                process = DelayedImageSynapse(**common, synapse=self._by_delay(synapse), name=name)
        else:
            process = self._conv(convolution)
        process.a_out.connect(self.target)
        extra = int(delays.flat[0]) - 1 if single else 0
        if extra == 0:
            self._image_port().connect(process.s_in)
            return [process]
        delay = SpikeDelay(shape=shape, steps=extra, name=f"{name} (delay)")
        self._image_port().connect(delay.s_in)
        delay.s_out.connect(process.s_in)
        return [delay, process]

    def _by_delay(self, synapse: synapses.Convolving) -> dict[int, synapses.Sparse]:
        """The listed synapses of each delay."""
        matrix = to_matrix(synapse, self.source_shape).tocoo()
        delays = np.broadcast_to(self.projection.delay, matrix.shape)[matrix.row, matrix.col]
        parts = {}
        for delay in np.unique(self.projection.delay):
            kept = delays == delay
            listed = csr_matrix((matrix.data[kept], (matrix.row[kept], matrix.col[kept])), matrix.shape)
            parts[int(delay)] = synapses.Sparse(listed, exponent=synapse.exponent)
        return parts

    def _conv(self, convolution: synapses.Conv2d) -> Any:
        """Lava's Conv convolves, so the kernel is turned round."""
        weight = convolution.weight.transpose(0, 3, 2, 1)[:, ::-1, ::-1]
        return Conv(
            weight=np.ascontiguousarray(weight, dtype=np.int32),
            input_shape=lava_shape(self.source_shape),
            stride=convolution.stride[::-1],
            padding=convolution.padding[::-1],
            dilation=convolution.dilation[::-1],
            groups=convolution.groups,
            num_message_bits=self.bits,
            name=self.projection.name,
        )
