"""A network that BTSP has trained goes on learning on the chip: a new digit from one image.

    python examples/18_btsp_converted.py [--seeds 5] [--shown 10] [--lava] [--out build/btsp]

64-200-200-10 excitatory neurons with inhibition (Galloni et al. 2025) learn eight of scikit-learn's ten digits by
dendritic plateaus, in the form that the chip can express in all layers. The network is converted to graded messages of
8 bits, its second hidden layer's rates are decoded on the chip, and a readout hears them, whose weights one pass of
plateaus at the label's neuron has made (rate .05, in floats). Then one image of a ninth digit is shown with a plateau
at a new readout neuron. How well does it tell old and new digits of held-out images? Repeated for `--shown` images,
over seeds that draw digits and networks. A host takes thresholds off the readout's potentials.
Control: the nearest mean of the hidden rates, of all training images of old digits and the one image of the new one.
--lava: one presentation on Lava, too.

docs/btsp.md has the results.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import neurokit as nk
from neurokit.errors import ConversionWarning
from neurokit.learn.btsp import on_chip
from neurokit.learn.btsp.network import DendriticNet, forward
from neurokit.learn.btsp.on_chip import Phases
from neurokit.learn.btsp.rules import Learning
from neurokit.learn.btsp.start import DIGITS, DIGITS_RATES, DIGITS_SIZES, initial
from neurokit.learn.btsp.training import accuracy, train
from neurokit.learn.tasks.images import Images, digits

HIDDEN, OLD_RATE, RATE = "H2E", 0.05, 0.7  # of plateaus: in floats, and on the chip; both chosen on seeds from 100 on
LEARNS = f"{HIDDEN}.rate->{on_chip.READOUT}"
Floats = NDArray[np.float64]


class Trained(NamedTuple):
    """data: images. old, new: digits. net: in floats. program: on the chip, with a readout. phases: of an image."""

    data: Images
    old: list[int]
    new: int
    net: DendriticNet
    program: nk.Program
    phases: Phases

    def told(self, program: nk.Program, among: list[int], thresholds: bool = True) -> tuple[float, float]:
        """Shares of held-out images of old digits and of the new one that are told right, while nothing learns.

        thresholds: whether a host takes them off the potentials.
        """
        frozen, data = program.frozen(), self.data
        images = np.repeat(data.test_x[:, None].astype(float), self.phases.settle + 1, axis=1)
        steps = images.shape[1] + max(frozen.latency.values())
        recording = nk.run(frozen, frozen.scaled(images), steps, record=[(on_chip.READOUT, "v")])
        v = recording.states[on_chip.READOUT, "v"][:, -1].astype(float)
        if thresholds:
            unit = 64 * next(row.scale for row in program.report if row.population == on_chip.READOUT)
            v -= unit * on_chip.thresholds_of(weights_of(program) / 255)
        return self.right(np.asarray(among)[v[:, among].argmax(axis=1)])

    def right(self, said: NDArray[np.int64]) -> tuple[float, float]:
        """The same of any answers (images,)."""
        of = [np.isin(self.data.test_y, which) for which in (self.old, [self.new])]
        return float((said == self.data.test_y)[of[0]].mean()), float((said == self.data.test_y)[of[1]].mean())


def trained(seed: int, rate: float = RATE) -> Trained:
    """Everything about it follows from `seed`."""
    data = digits()
    unknown = np.random.default_rng(seed).choice(10, 2, replace=False).tolist()
    old = [digit for digit in range(10) if digit not in unknown]
    known = np.isin(data.y, old)
    rule = Learning("gated", "gated", discount=0.0, constants=DIGITS)
    start = initial(DIGITS_SIZES, seed, constants=DIGITS)
    net = train(start, data.x[known], data.y[known], rule, seed=seed, rates=DIGITS_RATES)
    few = data.x[known][:100]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConversionWarning)  # dendrites and top-down weights, which do not infer
        plain = nk.convert(net, kind="btsp", code="graded", calibrate=few)
    hidden = forward(net, data.x).forward[HIDDEN][known]
    gain = 1 / float(np.percentile(hidden.max(axis=1), 90))  # a rate of 1 in one of ten images
    weights = np.zeros((10, hidden.shape[1]))
    for k in np.random.default_rng(seed).permutation(len(hidden)):
        e, row = np.clip(gain * hidden[k], 0, 1), weights[data.y[known][k]]
        row += OLD_RATE * ((1 - row) * e - row * (e > 0))
    decoded = on_chip.with_rates(plain, HIDDEN, gain)
    network = on_chip.with_readout(decoded, f"{HIDDEN}.rate", weights, learning_rate=rate)
    phases = Phases(settle=plain.steps_per_sample - 1)  # more steps would change the rates
    shown = on_chip.presented(few[:20].astype(float), np.eye(10)[np.arange(20) % 10], phases)
    return Trained(data, old, unknown[0], net, nk.compile(network, calibrate=shown), phases)


def learned(known: Trained, images: NDArray[np.float32], backend: str = "simulator") -> list[nk.Program]:
    """The program once for each image, after it alone was shown with a plateau at the new digit."""
    plateaus = np.zeros((len(images), 10))
    plateaus[:, known.new] = 1
    inputs = known.program.scaled(on_chip.presented(images.astype(float), plateaus, known.phases))
    steps = known.phases.steps + max(known.program.latency.values())
    many = {"learners": len(images)} if backend == "simulator" else {}
    recording = nk.run(known.program, inputs, steps, backend=backend, **many)
    return list(recording.programs) if many else [recording.program]


def weights_of(program: nk.Program) -> NDArray[np.int64]:
    """Of the readout."""
    (found,) = (p.synapses[0].weight for p in program.projections if p.name == LEARNS)
    return np.asarray(found)


def measured(seed: int, count: int, rate: float) -> dict[str, Any]:
    """Shares of right answers: before, on the chip, with the host's threshold and without, and of the control."""
    known = trained(seed, rate)
    data, among = known.data, [*known.old, known.new]
    test = np.isin(data.test_y, known.old)
    found: dict[str, Any] = {"digit": known.new, "source": accuracy_of(known, test)}
    found["before"] = known.told(known.program, known.old)[0]
    generator = np.random.default_rng(1_000 + seed)
    picks = generator.permutation(np.flatnonzero(data.y == known.new))[:count]
    programs = learned(known, data.x[picks])
    moved = [(weights_of(p)[known.old] != weights_of(known.program)[known.old]).sum() for p in programs]
    found["old weights that changed"] = int(sum(moved))
    found["chip"] = [known.told(program, among) for program in programs]
    found["chip, no threshold"] = [known.told(program, among, False) for program in programs]
    rates = forward(known.net, data.x).forward[HIDDEN]
    means = [rates[data.y == digit].mean(0) for digit in known.old]
    held_out = forward(known.net, data.test_x).forward[HIDDEN]
    found["nearest mean of hidden rates"] = [
        known.right(np.asarray(among)[((held_out[:, None] - np.array([*means, one])) ** 2).sum(2).argmin(1)])
        for one in rates[picks]
    ]
    return found


def accuracy_of(known: Trained, test: NDArray[np.bool_]) -> float:
    """Of the float network's own output, on held-out images of old digits."""
    return accuracy(known.net, known.data.test_x[test], known.data.test_y[test])


def main() -> None:
    """A table; figures as JSON go to --out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--shown", type=int, default=10, help="images of the new digit, one at a time")
    parser.add_argument("--rate", type=float, default=RATE, help="of a plateau")
    parser.add_argument("--lava", action="store_true", help="learn on Lava, too")
    parser.add_argument("--out", type=Path, default=Path("build/btsp"))
    arguments = parser.parse_args()
    if min(arguments.seeds, arguments.shown) < 1 or arguments.first < 0 or not arguments.rate > 0:
        parser.error("--seeds and --shown are 1 or more, --first 0 or more, --rate above 0")
    arguments.out.mkdir(parents=True, exist_ok=True)
    results = []
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        results.append(measured(seed, arguments.shown, arguments.rate))
        (arguments.out / "converted.json").write_text(json.dumps(results, indent=1) + "\n")
        print(
            f"seed {seed}, digit {results[-1]['digit']}: {results[-1]['before']:.1%} of old digits before", flush=True
        )
    for name in ("source", "before"):
        values = 100 * np.array([each[name] for each in results])
        print(f"old digits, {name}: {values.mean():.1f} ± {values.std():.1f} %")
    for name in ("chip", "chip, no threshold", "nearest mean of hidden rates"):
        values = 100 * np.array([np.mean(each[name], axis=0) for each in results])
        (old, new), (old_off, new_off) = values.mean(0), values.std(0)
        print(f"{name:30} old {old:.1f} ± {old_off:.1f} %, new {new:.1f} ± {new_off:.1f} %")
    print(f"weights of old digits that changed: {sum(each['old weights that changed'] for each in results)}")
    if arguments.lava:
        known = trained(0)
        image = known.data.x[np.flatnonzero(known.data.y == known.new)[:1]]
        ours, theirs = (weights_of(learned(known, image, backend)[0]) for backend in ("simulator", "lava"))
        print(f"Lava: {int((ours != theirs).sum())} of {ours.size:,} weights differ")


if __name__ == "__main__":
    main()
