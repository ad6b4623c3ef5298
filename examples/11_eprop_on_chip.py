"""e-prop networks learn in the chip's arithmetic: pattern generation from scratch, evidence accumulation once more.

    python examples/11_eprop_on_chip.py pattern  [--seeds 0 1 2 3 4] [--iterations 2000] [--out build/eprop-on-chip]
    python examples/11_eprop_on_chip.py evidence [--seeds 0 1 2 3 4] [--iterations 75] [--learns w_out]
    python examples/11_eprop_on_chip.py evidence --cues crossed --learns w_in
    python examples/11_eprop_on_chip.py readout
    python examples/11_eprop_on_chip.py summary [--out build/eprop-on-chip]
    python examples/11_eprop_on_chip.py picture [--out docs/images]

The same initial networks and tasks as examples/10 trains in floats, 100 LIF neurons and 1000 steps a trial, in weights
of 8 bits, traces and signals of 7 bits, tags of 8 bits, with the roundings of Lava's learning engine. Everything learns
in every step: w_in, w_rec and w_out. Feedback weights are w_out as it was drawn, and stay.

Evidence accumulation: the networks of examples/eprop, trained in floats, are deployed with left and right cues swapped,
which they get wrong nearly always, or with half of each side's channels crossed over to the other, which leaves them
at chance; and learn again, a trial at a time (`--learns` says what). Errors count only in the recall, by the input
"gate"; the target is 1.5 for the right readout and -1.5 for the other. Swapped cues ask for no more than another
readout; crossed ones the network hardly tells apart, so that its readout cannot either. Of crossed cues w_in learns the
sensor's weights, the inputs of the cues, and from trial 500 on errors count in the last 75 steps only.

Each seed writes NAME.json, its losses or errors, and the pattern's NAME.npz, the network as it then is; a checkpoint of
every 50th iteration (of evidence accumulation every 100th trial) beside them lets an interrupted run go on from there.
What is finished is not done again. Give each process seeds of its own: two at one seed in one folder mix up its files.
`readout` fits the best readout to crossed cues, in floats; `summary` gathers all of crossed cues into
examples/eprop/evidence-crossed.json.
docs/eprop.md has the results; `picture` draws its figures from examples/eprop/*.json (matplotlib).
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neurokit as nk
from neurokit.converters.eprop import eprop_net_of
from neurokit.converters.eprop_net import BLOCKS, load_eprop_net
from neurokit.errors import RailWarning
from neurokit.files import written_aside
from neurokit.graph.learned import plastic_projections, weights_of
from neurokit.interrupts import Interrupts
from neurokit.learn.eprop.forward import run
from neurokit.learn.eprop.on_chip import OnChip, learning_network
from neurokit.learn.tasks.evidence import EvidenceAccumulation, crossed
from neurokit.learn.tasks.networks import pattern_network
from neurokit.learn.tasks.pattern import PatternGeneration

PATTERN = OnChip(learning_rate=5e-4, bound=0.5, readout_bound=1.0)
EVIDENCE = OnChip(
    learning_rate=2e-5,  # of floats too 1e-4 and more end at chance, trial by trial; docs/eprop.md
    readout_rate=2e-3,
    bound=2.0,
    readout_bound=1.5,
    signal_limit=1.5,
    error_limit=2.0,
    gated=True,
)
SENSOR = tuple(range(20))  # the inputs of the cues
CROSSED = replace(EVIDENCE, learning_rate=4e-3, recurrent_rate=2e-5, readout_rate=1e-3, inputs=SENSOR)
ALL = " ".join(BLOCKS)
LEVEL = 1.5  # of the readouts in floats: 1.1 to 1.7 in the recall
TRAINED = Path(__file__).parent / "eprop"
EVERY = 50  # iterations from one checkpoint to the next
BLOCK = 100  # trials of evidence accumulation from one checkpoint to the next
# by the trial from which on: the last steps in which errors count; fewer are a smaller rate
RECALLS = {"swapped": {0: 150}, "crossed": {0: 150, 500: 75}}
HELD_OUT = {"swapped": (100, 64), "crossed": (200, 256)}  # seed and number of trials that decide
ON_THE_WAY = (100, 64)


def pattern(seed: int, iterations: int, folder: Path) -> list[float]:
    """Losses of all iterations: half of the summed squared error, of the readout as the chip has it."""
    name = folder / f"pattern-on-chip-seed{seed}"
    kept, done = name.with_suffix(".state.nk"), name.with_suffix(".json")
    found = json.loads(done.read_text()) if done.is_file() else {"losses": [], "seconds": 0.0}
    if len(found["losses"]) >= iterations:
        return list(found["losses"])
    task, net = PatternGeneration(seed), pattern_network(seed)
    data = {"x": task.trials(np.random.default_rng(0), 1).x, "target": task.target[None]}
    network = learning_network(net, PATTERN)
    program = nk.compile(network, calibrate=data, window=task.steps)
    x = {key: values[0] for key, values in program.scaled(data).items()}
    late, scale = program.latency["out"], unit(program)
    with nk.open(program, state=kept if kept.is_file() else None) as session, Interrupts() as interrupts:
        if not kept.is_file():
            session.step({key: values[:late] for key, values in x.items()})  # from here on a trial is a call
            found["losses"] = []
        rolled = {key: np.roll(values, -late, axis=0) for key, values in x.items()}
        while len(found["losses"]) < iterations:
            began = time.process_time()
            session.step(rolled)
            v: NDArray[np.float64] = np.asarray(session.states["out", "v"], np.float64) / scale
            found["losses"].append(float(0.5 * np.square(v - task.target).sum()))
            found["seconds"] += time.process_time() - began
            if len(found["losses"]) % EVERY == 0 or len(found["losses"]) >= iterations:
                session.save(kept)
                found["output"] = [round(float(y), 4) for y in v[:, 0]]
                with written_aside(done) as aside:
                    aside.write_text(json.dumps(found))
                print(f"seed {seed}, iteration {len(found['losses'])}: loss {found['losses'][-1]:.2f}", flush=True)
                learned = nk.to_network(session.program, network)
                eprop_net_of(learned, net).save(name.with_suffix(".npz"))
            interrupts.check()  # never between the state and the losses that belong to it
    return list(found["losses"])


def evidence(seed: int, iterations: int, folder: Path, learns: tuple[str, ...], cues: str) -> dict[str, Any]:
    """Share of wrong answers in held-out trials: deployed, with changed cues, and after learning."""
    kind = "" if cues == "swapped" else f"{cues}-"
    done = folder / f"evidence-on-chip-{kind}{'-'.join(learns)}-seed{seed}.json"
    kept = done.with_suffix(".state.nk")
    found: dict[str, Any] = json.loads(done.read_text()) if done.is_file() else {}
    if "learned" in found and found["trials"] >= iterations:
        return found
    changed, options = deployment(cues, seed)
    usual = replace(changed, order=(0, 1, 2, 3), wiring=changed.wiring and tuple(range(changed.inputs)))
    random, block = np.random.default_rng(1000 + seed), found.get("block", min(BLOCK, iterations))
    data = lesson(changed, random, block, RECALLS[cues][0])
    net = load_eprop_net(TRAINED / f"evidence-seed{seed}.npz")
    network = learning_network(net, replace(options, learns=learns))
    program = nk.compile(network, calibrate={name: values[:2] for name, values in data.items()}, window=changed.steps)
    if not (found and kept.is_file()):
        found = {"trials": 0, "block": block, "curve": []}
        found |= {"usual": wrong(program, usual, HELD_OUT[cues]), cues: wrong(program, changed, HELD_OUT[cues])}
    found.pop("learned", None)  # of fewer trials
    with nk.open(program, state=kept if found["trials"] else None) as session, Interrupts() as interrupts:
        for done_before in range(0, iterations, block):
            data = data if done_before == 0 else lesson(changed, random, block, recall(cues, done_before))
            if done_before < found["trials"]:
                continue  # what an interrupted run has seen
            for k in range(block):
                session.step(program.scaled({name: values[k] for name, values in data.items()}))
            found["trials"] += block
            found["curve"].append(wrong(session.program, changed, ON_THE_WAY))
            session.save(kept)
            written(done, found)
            print(f"seed {seed}, {found['trials']} trials: {found['curve'][-1]:.3f} wrong", flush=True)
            interrupts.check()
        found["learned"] = wrong(session.program, changed, HELD_OUT[cues])
        found |= {f"moved {name}": share for name, share in moved(program, session.program).items()}
    written(done, found)
    return found


def written(path: Path, found: dict[str, Any]) -> None:
    """As JSON, aside and renamed."""
    with written_aside(path) as aside:
        aside.write_text(json.dumps(found))


def deployment(cues: str, seed: int) -> tuple[EvidenceAccumulation, OnChip]:
    """The task with its cues "swapped" or "crossed", each network's by a draw of its own, and how it is learned."""
    if cues == "swapped":
        return EvidenceAccumulation(order=(1, 0, 2, 3)), EVIDENCE
    return EvidenceAccumulation(wiring=crossed(np.random.default_rng(10 + seed))), CROSSED


def recall(cues: str, trials: int) -> int:
    """Last steps of a trial in which errors count, after so many trials."""
    return [steps for start, steps in RECALLS[cues].items() if start <= trials][-1]


def lesson(task: EvidenceAccumulation, random: np.random.Generator, size: int, counts: int) -> dict[str, NDArray[Any]]:
    """Trials, what the readouts are to be in the last `counts` steps, and the gate, open in these."""
    trials = task.trials(random, size)
    labels = np.asarray(trials.loss.labels)  # type: ignore[attr-defined]  # these are classifications
    gate = np.zeros((size, task.steps, 1))
    gate[:, -counts:] = 1
    levels = np.where(np.arange(2) == labels[:, None, None], LEVEL, -LEVEL)
    return {**parted(task, trials.x), "target": gate * levels, "gate": gate}


def parted(task: EvidenceAccumulation, x: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """Crossed cues come in by the sensor that learns."""
    first = len(SENSOR)
    return {"x": x} if task.wiring is None else {"sensor": x[..., :first], "x": x[..., first:]}


def best_readout(seed: int, trials: int = 2000, weight_cost: float = 10.0) -> float:
    """Share of wrong answers to crossed cues, in floats, of a readout that is fitted to a network as it was trained.

    Logistic regression on what the readouts sum up, the mean of filtered spikes over the recall; weight_cost: of the
    squared weights of normalised features. It estimates what the readout alone can learn.
    """
    net, (task, _) = load_eprop_net(TRAINED / f"evidence-seed{seed}.npz"), deployment("crossed", seed)
    left = np.minimum(np.arange(task.steps, 0, -1), task.recall)  # steps of the recall that a spike is heard in
    before = np.maximum(np.arange(task.steps, 0, -1) - task.recall, 0)
    heard = net.kappa**before * (1 - net.kappa**left) / task.recall

    def seen(source: int, size: int) -> tuple[NDArray[np.float64], NDArray[Any]]:
        drawn = task.trials(np.random.default_rng(source), size)
        sums = [heard @ run(net, x[None]).spikes[0] for x in drawn.x]
        return np.stack(sums), drawn.loss.labels  # type: ignore[attr-defined]

    (features, labels), (unseen, wanted) = seen(5000 + seed, trials), seen(*HELD_OUT["crossed"])
    mean, deviation = features.mean(0), features.std(0) + 1e-9
    given, asked = (np.c_[(x - mean) / deviation, np.ones(len(x))] for x in (features, unseen))
    w = np.zeros(given.shape[1])
    for _ in range(25):  # Newton's steps
        p = 1 / (1 + np.exp(-given @ w))
        curvature = given.T @ (given * (p * (1 - p))[:, None]) + weight_cost * np.eye(len(w))
        w -= np.linalg.solve(curvature, given.T @ (p - labels) + weight_cost * w)
    return float(((asked @ w > 0) != wanted).mean())


def unit(program: nk.Program) -> float:
    """Of the readouts' potentials; currents enter them times 64."""
    return 64 * next(row.scale for row in program.report if row.population == "out")


def moved(before: nk.Program, after: nk.Program) -> dict[str, float]:
    """Share of the weights of each projection that learning has changed."""
    start, end = plastic_projections(before), plastic_projections(after)
    return {name: float((weights_of(p) != weights_of(start[name])).mean()) for name, p in end.items()}


def wrong(program: nk.Program, task: EvidenceAccumulation, held_out: tuple[int, int]) -> float:
    """Share of held-out trials, of this seed and number, that are answered wrongly, without learning."""
    trials, late = task.trials(np.random.default_rng(held_out[0]), held_out[1]), program.latency["out"]
    frozen = program.frozen()  # what only learning heard is no input of it
    v = nk.run(frozen, parted(task, trials.x), task.steps + late, record=(("out", "v"),)).states["out", "v"]
    return float(trials.loss.errors(v[:, late:] / unit(program)))  # type: ignore[attr-defined]


def picture(folder: Path) -> list[Path]:
    """eprop_on_chip.png and eprop_crossed.png in folder: the pattern's losses and output, errors of crossed cues."""
    from matplotlib import pyplot  # only this draws

    folder.mkdir(parents=True, exist_ok=True)
    written_to = []
    for name, draw, panels in (("eprop_on_chip", draw_pattern, 2), ("eprop_crossed", draw_crossed, 1)):
        figure, axes = pyplot.subplots(1, panels, figsize=(4 * panels, 2.9), layout="constrained", squeeze=False)
        draw(*axes[0])
        for axis in axes[0]:
            axis.legend(frameon=False, fontsize=8)
        written_to.append(folder / f"{name}.png")
        figure.savefig(written_to[-1], dpi=100, metadata={"Software": None})
        pyplot.close(figure)
    return written_to


def draw_pattern(left: Any, right: Any) -> None:
    """Losses of all seeds over the iterations, and the output of one after training."""
    kept = json.loads((TRAINED / "pattern-on-chip.json").read_text())
    names = {"floats": ("floats, rate 1e-4", "tab:blue"), "chip": ("chip's arithmetic, rate 5e-4", "tab:orange")}
    for row in kept["seeds"].values():
        iterations = kept["every"] * np.arange(len(row["chip"]))
        left.semilogy(iterations, row["float"], color="tab:blue", linewidth=0.8)
        left.semilogy(iterations, row["chip"], color="tab:orange", linewidth=0.8)
    for words, color in names.values():
        left.plot([], [], color=color, label=words)
    left.set(xlabel="iteration", ylabel=f"loss, {len(kept['seeds'])} seeds")
    output = kept["output"]
    target = PatternGeneration(output["seed"]).target[:, 0]
    right.plot(target, color="black", label="target")
    for name, (words, color) in names.items():
        steps = output["every"] * np.arange(len(output[name]))
        right.plot(steps, output[name], color=color, linewidth=0.8, label=words.partition(",")[0])
    right.set(xlabel="step (ms)", ylabel=f"output, seed {output['seed']}")


def draw_crossed(axis: Any) -> None:
    """Errors of 64 held-out trials on the way, each seed and the mean, by what learns."""
    kept = json.loads((TRAINED / "evidence-crossed.json").read_text())
    names = {"w_out": ("readout", "tab:gray"), "w_in": ("sensor's weights", "tab:orange"), ALL: ("all", "tab:blue")}
    for learns, (words, color) in ((n, names[n]) for n in names if n in kept):
        curves = [[row["crossed"], *row["curve"]] for row in kept[learns].values()]
        shortest = min(map(len, curves))
        trials = BLOCK * np.arange(shortest)
        for curve in curves:
            axis.plot(trials, curve[:shortest], color=color, linewidth=0.5, alpha=0.5)
        axis.plot(trials, np.mean([curve[:shortest] for curve in curves], 0), color=color, label=f"{words} learns")
    usual = np.mean([row["usual"] for name in names for row in kept.get(name, {}).values()])
    axis.axhline(usual, color="black", linewidth=0.8, linestyle=":", label="before the change")
    axis.set(xlabel="trial", ylabel="wrong answers", ylim=(0, 0.65))


def summary(folder: Path) -> None:
    """A table of crossed cues, and examples/eprop/evidence-crossed.json, from the finished seeds in folder."""
    kept: dict[str, dict[str, Any]] = {}
    for file in sorted(folder.glob("evidence-on-chip-crossed-*-seed*.json")):
        row = json.loads(file.read_text())
        if "learned" not in row:
            print(f"{file.name}: not finished, {row['trials']} trials")
            continue
        learns, seed = file.stem.removeprefix("evidence-on-chip-crossed-").split("-seed")
        row["recovered"] = round((row["crossed"] - row["learned"]) / (row["crossed"] - row["usual"]), 3)
        kept.setdefault(learns.replace("-", " "), {})[seed] = row
    if not kept:
        raise SystemExit(f"{folder} has no finished seed of crossed cues: run `evidence --cues crossed` first")
    for learns, rows in kept.items():
        for seed, row in rows.items():
            errors = " ".join(f"{row[name]:.3f}" for name in ("usual", "crossed", "learned", "recovered"))
            print(f"{learns}, seed {seed}, {row['trials']} trials: {errors}")
        shares = [row["recovered"] for row in rows.values()]
        print(f"{learns}: recovered {np.mean(shares):.3f}, deviation {np.std(shares):.3f}")
    best = folder / "crossed-best-readout.json"
    kept |= {"best readout": json.loads(best.read_text())} if best.is_file() else {}
    written(TRAINED / "evidence-crossed.json", kept)


def learn(seed: int, options: argparse.Namespace) -> None:
    """One network of the pattern or of evidence accumulation; says how it went."""
    if options.task == "evidence":
        trials = options.iterations or (75 if options.cues == "swapped" else 800)
        found = evidence(seed, trials, options.out, tuple(options.learns), options.cues)
        errors = ", ".join(f"{name} {found[name]:.1%}" for name in ("usual", options.cues, "learned"))
        weights = ", ".join(f"{n} {share:.1%}" for n, share in found.items() if n.startswith("moved"))
        print(f"seed {seed}: wrong answers: {errors}; weights {weights}", flush=True)
        return
    losses = pattern(seed, options.iterations or 2000, options.out)
    print(f"seed {seed}: loss {losses[0]:.2f} at first, {np.mean(losses[-10:]):.2f} over the last ten", flush=True)


def main() -> None:
    """One task, seed by seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("pattern", "evidence", "readout", "summary", "picture"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    iterations = f"2000 of the pattern; trials of evidence, above {BLOCK} in whole {BLOCK}s: 75, crossed 800"
    parser.add_argument("--iterations", type=int, help=iterations)
    parser.add_argument("--cues", default="swapped", choices=tuple(HELD_OUT))
    parser.add_argument("--learns", nargs="+", default=["w_out"], choices=BLOCKS)
    parser.add_argument("--out", type=Path, default=Path("build/eprop-on-chip"))
    options = parser.parse_args()
    if options.iterations is not None and options.iterations < 1:
        parser.error(f"--iterations: is {options.iterations}; pass 1 or more")
    if options.task == "picture":
        print(*picture(options.out), sep="\n")
        return
    if options.task == "summary":
        summary(options.out)
        return
    warnings.simplefilter("ignore", RailWarning)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.task == "readout":
        best = options.out / "crossed-best-readout.json"
        shares = json.loads(best.read_text()) if best.is_file() else {}
        shares |= {str(seed): best_readout(seed) for seed in options.seeds}
        written(best, shares)
        print(shares)
        return
    try:
        for seed in options.seeds:
            learn(seed, options)
    except KeyboardInterrupt:
        print("stopped; the same command goes on from the last checkpoint")
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
