"""Learning from one presentation on the chip: new classes of a trained network, new place fields on a track.

    python examples/15_btsp_one_shot.py [classes] [places] [--seeds 5] [--shown 10] [--lava] [--out build/btsp]

Classes: a network has learned eight of scikit-learn's ten digits: 200 rectified units by backpropagation, their readout
by BTSP in the form for the chip (plateaus at the label's neuron, rate .02, one pass). It runs in integers, rates are
graded spikes. Then one image of a ninth digit is shown with a plateau at a new readout neuron, and one of a tenth. How
well does it tell old and new digits of held-out images? Repeated for `--shown` images of each, over seeds that draw the
digits, the split and the network. Controls: the nearest mean of the hidden rates (means of all training images of old
digits, one image of new ones), the same of the pixels, and chance.
Places: five neurons of CA1 learn a field each in one lap, five others in a later lap. What becomes of the old fields,
and how well do spikes tell the place? One more neuron learns a place in each of eight laps: what becomes of the first?
--lava: both on Lava, too. docs/btsp.md has the results.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

import neurokit as nk
from neurokit.graph.graded_neurons import Relay
from neurokit.graph.learned import with_weights
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.synapses import Dense
from neurokit.learn.btsp import on_chip, place
from neurokit.learn.btsp.on_chip import Phases
from neurokit.learn.btsp.place import FITTED, Kinetics
from neurokit.learn.btsp.track import Plateau, Track, laps
from neurokit.profiling.learning_view import LearningView

DT, HIDDEN, PIXELS = 1e-3, 200, 64
OLD_RATE, RATE = 0.02, 0.6  # of plateaus: in training, and on the chip; both chosen on seeds from 100 on
RATES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # for the picture
LEARNS = f"hidden->{on_chip.READOUT}"
PHASES = Phases(settle=3, plateau=1, after=1)
TRACK, KINETICS = Track(), Kinetics()
Floats = NDArray[np.float64]


class Trained(NamedTuple):
    """A network that knows eight digits. old, new: digits. rates: (units, pixels and a constant). weights: (10, units)
    of the readout, zero for new digits. train, test: (images, pixels and a constant), labels."""

    old: list[int]
    new: list[int]
    rates: Floats
    weights: Floats
    train: tuple[NDArray[np.int64], NDArray[np.int64]]
    test: tuple[NDArray[np.int64], NDArray[np.int64]]

    def hidden(self, images: NDArray[np.int64]) -> Floats:
        """Hidden rates (images, units), up to 1."""
        return np.clip(images @ self.rates.T, 0, 1)


def trained(seed: int) -> Trained:
    """Everything about it follows from `seed`."""
    generator = np.random.default_rng(seed)
    pixels, labels = load_digits(return_X_y=True)
    pixels = np.concatenate([pixels, np.full((len(pixels), 1), 16)], axis=1).astype(np.int64)
    order = generator.permutation(len(pixels))
    train, test = order[:1300], order[1300:]
    new = generator.choice(10, 2, replace=False).tolist()
    old = [digit for digit in range(10) if digit not in new]
    known = train[np.isin(labels[train], old)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        backprop = MLPClassifier((HIDDEN,), max_iter=60, alpha=1e-3, random_state=seed)
        backprop.fit(pixels[known, :PIXELS] / 16, labels[known])
    rates = np.concatenate([backprop.coefs_[0].T, backprop.intercepts_[0][:, None]], axis=1) / 16
    rates /= np.percentile(np.maximum(pixels[known] @ rates.T, 0), 99.5)
    net = Trained(old, new, rates, np.zeros((10, HIDDEN)), (pixels[train], labels[train]), (pixels[test], labels[test]))
    seen = generator.permutation(known)
    for e, digit in zip(net.hidden(pixels[seen]), labels[seen], strict=True):
        net.weights[digit] += OLD_RATE * ((1 - net.weights[digit]) * e - net.weights[digit] * (e > 0))
    return net


def network(net: Trained, rate: float) -> Network:
    """Pixels -> hidden -> readout; the readout learns at plateaus."""
    hidden = Population("hidden", (HIDDEN,), Relay(activation="relu"))
    path = Projection("x", "hidden", (Dense(net.rates),))
    plain = Network({"x": Input("x", (PIXELS + 1,))}, {"hidden": hidden}, (path,), {"hidden": hidden}, dt=DT)
    weights = on_chip.started(net.weights, net.new)
    return on_chip.with_readout(plain, "hidden", weights, learning_rate=rate)


def compiled(net: Trained, rate: float) -> nk.Program:
    """In integers, calibrated on training images of old digits and a plateau."""
    images, labels = net.train
    known = images[np.isin(labels, net.old)][:100]
    return nk.compile(network(net, rate), calibrate=on_chip.presented(known, np.eye(10)[np.arange(100) % 10], PHASES))


def shown(graph: nk.Network | nk.Program, images: NDArray[np.int64], digit: int) -> Sequence[Any]:
    """The graph once for each image, as it is after that image alone was shown with a plateau at `digit`."""
    plateaus = np.zeros((len(images), 10))
    plateaus[:, digit] = 1
    inputs = on_chip.presented(images, plateaus, PHASES)
    return list(nk.run(graph, inputs, steps=steps(graph), learners=len(images)).programs)


def steps(graph: nk.Network | nk.Program) -> int:
    """Of a presentation, with those that a Program takes to let it through."""
    return PHASES.steps + max(getattr(graph, "latency", {"": 0}).values())


def told(graph: nk.Network | nk.Program, net: Trained, among: list[int], thresholds: bool = False) -> NDArray[np.int64]:
    """(images,) which of `among` held-out images are said to be; thresholds: whether a host takes them off."""
    images = np.repeat(net.test[0][:, None], PHASES.steps, axis=1)
    v = nk.run(graph.frozen(), images, record=[(on_chip.READOUT, "v")]).states[on_chip.READOUT, "v"]
    v = v[:, -1].astype(float)
    if thresholds:
        unit = 64 * next(row.scale for row in graph.report if row.population == on_chip.READOUT)  # of v: 1 in floats
        v -= unit * on_chip.thresholds_of(weights_of(graph) / 255)
    return np.asarray(among)[v[:, among].argmax(axis=1)]


def right(said: NDArray[np.int64], net: Trained, digits: list[int]) -> float:
    """Share of held-out images of `digits` that are told right."""
    of = np.isin(net.test[1], digits)
    return float((said == net.test[1])[of].mean())


def weights_of(graph: nk.Network | nk.Program) -> Floats:
    """Of the readout."""
    (found,) = (p.synapses[0].weight for p in graph.projections if p.name == LEARNS)
    return np.asarray(found)


def lengthened(program: nk.Program, net: Trained, digits: list[int]) -> nk.Program:
    """What the host may do after learning: new neurons' weights get the mean length of the old ones'."""
    whole = weights_of(program)
    length = float(np.linalg.norm(whole[net.old], axis=1).mean())
    return with_weights(program, {LEARNS: np.rint(on_chip.of_length(whole, digits, length, 255)).astype(np.int64)})


def classes(seed: int, count: int) -> dict[str, Any]:
    """Shares of right answers on the chip, with the host's scaling, in floats, and of the controls."""
    net = trained(seed)
    generator, (images, labels) = np.random.default_rng(1_000 + seed), net.train
    picks = [generator.permutation(np.flatnonzero(labels == digit))[:count] for digit in net.new]
    first, second = net.new
    program = compiled(net, RATE)
    found: dict[str, Any] = {"digits": net.new, "before": right(told(program, net, net.old), net, net.old)}
    rows: dict[str, list[list[float]]] = {name: [] for name in list(ROWS)[:4]}
    found["before, host's threshold"] = right(told(program, net, net.old, True), net, net.old)
    moved = 0
    for k, learned in enumerate(shown(program, images[picks[0]], first)):
        moved += int((weights_of(learned)[net.old] != weights_of(program)[net.old]).sum())
        (both,) = shown(learned, images[picks[1][k : k + 1]], second)
        rows["chip"].append(_row(net, learned, both))
        rows["chip, host's threshold"].append(_row(net, learned, both, True))
        one = lengthened(learned, net, [first])
        (two,) = shown(one, images[picks[1][k : k + 1]], second)
        rows["chip, host's length"].append(_row(net, one, lengthened(two, net, [second])))
    floats = network(net, RATE)
    for k, learned in enumerate(shown(floats, images[picks[0]], first)):
        (both,) = shown(learned, images[picks[1][k : k + 1]], second)
        rows["floats"].append(_row(net, learned, both))
    for name, of in (("nearest mean of hidden rates", net.hidden), ("nearest mean of pixels", lambda x: x / 16.0)):
        rows[name] = [_nearest(net, of, [images[p[k]] for p in picks]) for k in range(count)]
    found["rows"] = rows
    found["old weights that changed"] = moved
    found["curve"] = {}
    for rate in RATES:
        of_rate = [_row(net, each)[:2] for each in shown(compiled(net, rate), images[picks[0]], first)]
        found["curve"][f"{rate:g}"] = np.mean(of_rate, axis=0).tolist()
    return found


def _row(net: Trained, one: Any, two: Any = None, thresholds: bool = False) -> list[float]:
    """Old and first digit after the first new one; old, first and second digit after both."""
    first, second = net.new
    said = told(one, net, [*net.old, first], thresholds)
    found = [right(said, net, net.old), right(said, net, [first])]
    if two is not None:
        said = told(two, net, [*net.old, first, second], thresholds)
        found += [right(said, net, digits) for digits in (net.old, [first], [second])]
    return found


def _nearest(net: Trained, of: Any, images: list[NDArray[np.int64]]) -> list[float]:
    """The same of the nearest mean: of all training images of an old digit, of one image of a new one."""
    seen, labels = of(net.train[0]), net.train[1]
    means = [seen[labels == digit].mean(0) for digit in net.old] + [of(image[None])[0] for image in images]
    distance = ((of(net.test[0])[:, None] - np.asarray(means)) ** 2).sum(2)
    found: list[float] = []
    for count in (1, 2):
        among = np.asarray([*net.old, *net.new[:count]])
        said = among[distance[:, : len(among)].argmin(1)]
        found += [right(said, net, digits) for digits in (net.old, *([d] for d in net.new[:count]))]
    return found


def field_laps(seed: int) -> tuple[Any, Floats, list[float]]:
    """Nine laps of eleven neurons, whose place comes at random within a tenth of the track, their weights, and places.

    Neurons 0 to 4 have their plateau in lap 1, 5 to 9 in lap 4; the last one in each of laps 1 to 8, at random places.
    """
    generator = np.random.default_rng(seed)
    order = [*range(0, 10, 2), *range(1, 10, 2)]
    places = [(k + float(generator.random())) * TRACK.length / 10 for k in order]
    events = [Plateau(k, 1 if k < 5 else 4, where) for k, where in enumerate(places)]
    wander = generator.random(8) * TRACK.length
    events += [Plateau(10, 1 + k, float(where)) for k, where in enumerate(wander)]
    return laps(TRACK, 10, 11, events), np.zeros((11, TRACK.cells)), [*places, *wander.tolist()]


def places(seed: int) -> dict[str, Any]:
    """Distance of fields from their plateaus, how old ones change, and the place that spikes tell."""
    seen, silent, where = field_laps(seed)
    net = place.network(TRACK, place.rule_of(TRACK, KINETICS, FITTED), silent)
    inputs = place.inputs_of(seen, seed)
    program = nk.compile(net, calibrate=inputs)
    whole = program.scaled(inputs)
    last = max(program.latency.values())
    rec = nk.run(program, whole, len(seen.position) + last, record=[(place.LEARNS, "weight")], record_every=TRACK.steps)
    weights = rec.states[place.LEARNS, "weight"][0] / 255.0  # at the end of each lap
    early, late = weights[2], weights[-1]
    fields = TRACK.field(late[:10])
    off = np.abs(TRACK.distance(TRACK.centre(fields), np.asarray(where[:10])))
    everywhere = TRACK.field(weights[1:9, 10])  # after each of its plateaus
    drive = TRACK.field(weights[1:9, 10], np.asarray(where[10:])) / everywhere.max(1, keepdims=True)
    test = laps(TRACK, 3, 11, [Plateau(10, 1, 0.0)])
    heard = place.inputs_of(test, 500 + seed)
    heard[place.PLATEAU][:] = 0
    spikes = nk.run(rec.program, program.scaled(heard), len(test.position) + last).aligned(place.TARGET)[0][:, :10]
    said, middle = TRACK.decoded(spikes, TRACK.centre(fields), 0.5)
    return {
        "field from its plateau, cm": off.tolist(),
        "old weights that changed": int((early[:5] != late[:5]).sum()),
        "place told within, cm": float(np.abs(TRACK.distance(said, test.position[middle])).mean()),
        "one neuron: drive at the first place": drive[:, 0].tolist(),
        "one neuron: drive at the newest place": np.diagonal(drive).tolist(),
        "one neuron: mean drive of the track": (everywhere.mean(1) / everywhere.max(1)).tolist(),
    }


def energy() -> dict[str, Any]:
    """What a place field and a class take on Loihi: evaluations of weights, and their energy on Loihi 1."""
    net = place.network(TRACK, place.rule_of(TRACK, KINETICS, FITTED), np.zeros((1, TRACK.cells)))
    one = place.inputs_of(laps(TRACK, 3, 1, [Plateau(0, 1, 90.0)]), 0)
    field = nk.compile(net, calibrate=one)
    net_of_digits = trained(0)
    digits = compiled(net_of_digits, RATE)
    shown_once = on_chip.presented(net_of_digits.train[0][:1], np.eye(10)[:1], PHASES)
    found = {}
    for name, program, inputs in (
        ("a place field, three laps", field, field.scaled(one)),
        ("a class", digits, shown_once),
    ):
        rec = nk.run(program, inputs, len(next(iter(inputs.values()))[0]) + max(program.latency.values()))
        updates = sum(int(np.sum(each)) for each in rec.updates.values())
        found[name] = {"evaluations of weights": updates}
        for chip in ("loihi1", "loihi2"):
            try:
                profile = nk.profile(rec, nk.place(program, chip))
            except nk.errors.NeurokitError as error:
                found[name][chip] = str(error)
                continue
            found[name][chip] = {part.name: part.to_dict()["energy"] for part in profile.energy.parts}
    return found


def lava() -> dict[str, Any]:
    """Weights that differ between the simulator and Lava after a class and after five fields were learned."""
    net = trained(0)
    image = net.train[0][np.flatnonzero(net.train[1] == net.new[0])[:1]]
    program = compiled(net, RATE)
    one = on_chip.presented(image, np.eye(10)[net.new[:1]], PHASES)
    seen, silent, _ = field_laps(0)
    track = place.network(TRACK, place.rule_of(TRACK, KINETICS, FITTED), silent)
    inputs = place.inputs_of(seen, 0)
    fields = nk.compile(track, calibrate=inputs)
    cut = {name: values[:, : 3 * TRACK.steps] for name, values in fields.scaled(inputs).items()}
    found = {}
    for name, graph, given in (("class", program, one), ("places", fields, cut)):
        length = len(next(iter(given.values()))[0]) + max(graph.latency.values())
        runs = [nk.run(graph, given, length, backend=backend).program for backend in ("simulator", "lava")]
        ours, theirs = (next(p.synapses[0].weight for p in run.projections if p.plasticity is not None) for run in runs)
        found[name] = {"differ": int((ours != theirs).sum()), "of": ours.size}
        print(f"Lava, {name}: {found[name]['differ']} of {found[name]['of']:,} weights differ", flush=True)
    return found


ROWS = {  # name -> colour in the picture
    "chip": "#c2571a",
    "chip, host's length": "#8a5fb0",
    "chip, host's threshold": "#c9a227",
    "floats": "#1f5fa8",
    "nearest mean of hidden rates": "#2e7d4f",
    "nearest mean of pixels": "#888888",
}


def summed(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Over seeds: mean of each seed's mean over the images shown, and the standard deviation of these."""
    before = np.array([each["before"] for each in found])
    table = {name: np.array([np.mean(each["rows"][name], axis=0) for each in found]) for name in ROWS}
    other = np.array([each["before, host's threshold"] for each in found])
    print(f"old digits before: {100 * before.mean():.1f} ± {100 * before.std():.1f} % of held-out images (8 digits)")
    print(f"   with the host's threshold: {100 * other.mean():.1f} ± {100 * other.std():.1f} %")
    heads = "after one new digit: old", "new", "after another: old", "first", "second"
    print(f"{'':30} {heads[0]:>26} {heads[1]:>13} {heads[2]:>20} {heads[3]:>13} {heads[4]:>13}")
    for name, rows in table.items():
        cells = [f"{100 * m:5.1f} ± {100 * d:4.1f}" for m, d in zip(rows.mean(0), rows.std(0), strict=True)]
        print(f"{name:30} {cells[0]:>26} {cells[1]:>13} {cells[2]:>20} {cells[3]:>13} {cells[4]:>13}")
    moved = sum(each["old weights that changed"] for each in found)
    print(f"weights of old digits that changed: {moved}", flush=True)
    curve = {rate: np.mean([each["curve"][rate] for each in found], axis=0).tolist() for rate in found[0]["curve"]}
    means = {name: rows.mean(0).tolist() for name, rows in table.items()}
    return {"before": float(before.mean()), "means": means, "curve": curve, "seeds": found}


def picture(classes_: dict[str, Any], places_: list[dict[str, Any]], path: Path) -> None:
    """Old against new digits, and what becomes of a neuron's first place."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right_ = figure.subplots(1, 2)
    curve = 100 * np.array(list(classes_["curve"].values()))
    left.plot(curve[:, 1], curve[:, 0], "-o", color=ROWS["chip"], ms=4, label="chip, rates of the plateau")
    for (new, old), rate in zip(curve[:, ::-1], classes_["curve"], strict=True):
        left.annotate(rate, (new, old), textcoords="offset points", xytext=(5, 4), fontsize="small")
    for name, marker in zip(ROWS, "osPD^v", strict=True):
        if name not in ("chip", "floats"):
            old, new = 100 * np.array(classes_["means"][name][:2])
            left.plot(new, old, marker, color=ROWS[name], label=name, ms=8)
    left.axhline(100 * classes_["before"], color="black", lw=0.8, ls="--", label="old digits before")
    left.axvline(100 / 9, color="grey", lw=0.8, ls=":", label="chance")
    left.set(xlabel="new digit told right (%), from one image", ylabel="old digits told right (%)", xlim=(0, 100))
    left.legend(fontsize="small", frameon=False, loc="lower left")
    names = "drive at the first place", "drive at the newest place", "mean drive of the track"
    for name, colour in zip(names, ("#1f5fa8", "#c2571a", "#888888"), strict=True):
        values = np.array([each[f"one neuron: {name}"] for each in places_])
        lap = np.arange(1, values.shape[1] + 1)
        right_.errorbar(lap, values.mean(0), values.std(0), fmt="-o", color=colour, capsize=3, label=name)
    right_.set(xlabel="places that one neuron learned, a lap each", ylabel="drive, share of its largest", ylim=(0, 1.1))
    right_.legend(frameon=False, loc="lower left")
    for axes, title in ((left, "a new digit from one image"), (right_, "one neuron learns eight places")):
        axes.set_title(title, loc="left", fontsize="medium")
        axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main() -> None:
    """What was asked for; figures as JSON and pictures go to --out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["classes", "places"], help="classes, places; both")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--shown", type=int, default=10, help="images of each new digit, one at a time")
    parser.add_argument("--lava", action="store_true", help="learn on Lava, too")
    parser.add_argument("--out", type=Path, default=Path("build/btsp"))
    arguments = parser.parse_args()
    if set(arguments.parts) - {"classes", "places"} or arguments.seeds < 1 or not 1 <= arguments.shown <= 100:
        parser.error("parts are classes and places, --seeds is 1 or more, --shown from 1 to 100")
    arguments.out.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {}
    host = on_chip.on_host(10, HIDDEN, PIXELS + 1, PHASES, lengths=True, thresholds=True)
    print(*host, sep="\n")
    if "classes" in arguments.parts:
        results["classes"] = summed([classes(seed, arguments.shown) for seed in range(arguments.seeds)])
        chip = results["classes"]["means"]["chip"]
        wrong = {"chip, old digits": [1 - share for share in (results["classes"]["before"], chip[0], chip[2])]}
        view = LearningView(wrong, iteration="new digit", host=host, notes=("Losses are shares of wrong answers.",))
        nk.report(learning=view, path=arguments.out / "one_shot.html")
    if "places" in arguments.parts:
        results["places"] = [places(seed) for seed in range(arguments.seeds)]
        for name in results["places"][0]:
            values = np.array([each[name] for each in results["places"]])
            mean, deviation = (np.array2string(each, precision=2) for each in (values.mean(0), values.std(0)))
            print(f"{name}: {mean} ± {deviation}")
    results["energy"] = energy()
    for name, of in results["energy"].items():
        learning = of["loihi1"]["learning"]
        low, nominal, high = (1e6 * learning[key] for key in ("low", "nominal", "high"))
        spent = f"{nominal:.2f} uJ ({low:.2f} to {high:.2f}) on Loihi 1"
        print(f"{name}: {of['evaluations of weights']:,} evaluations of weights, {spent}")
    if arguments.lava:
        results["lava"] = lava()
    if {"classes", "places"} <= set(results):
        picture(results["classes"], results["places"], arguments.out / "btsp_one_shot.png")
    (arguments.out / "one_shot.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
