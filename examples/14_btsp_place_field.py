"""One plateau makes a place field, another moves it (Milstein et al. 2021), in floats and in the chip's integers.

    python examples/14_btsp_place_field.py [--seeds 5] [--fit] [--lava] [--out build/btsp]

An animal runs on a circular track; neurons of CA1 hear its place cells. Part one: neurons whose weights are all alike,
at one of seven values, have a plateau at one place. How each weight changes, over the seconds from the plateau and its
initial value, by the differential equation and by the rule that the chip can express, in integers (Poisson spikes).
Part two: silent neurons have a plateau at one place, and three laps later another at another place; others, with a
strong field from the start, have the second plateau only. Where are the fields?
--fit: search the chip rule's constants again (on rates, without spikes) and use them.
--lava: the neurons of part two on Lava, too.

Result (5 seeds): weight changes in integers follow the equation with r = .980 (a control .864); fields' centres of mass
move towards the plateau, as far as the equation's within 5 cm; Lava's weights and spikes are the same (docs/btsp.md).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import neurokit as nk
from neurokit.learn.btsp import place
from neurokit.learn.btsp.place import Constants, Kinetics, agreement
from neurokit.learn.btsp.track import Laps, Plateau, Track, laps

TRACK, KINETICS = Track(), Kinetics()
STARTS = np.linspace(0, 1, 7)
FIRST = TRACK.length / 2  # cm, where the first plateau comes
MOVES = np.array([-80.0, -60, -40, -20, 20, 40, 60, 80])  # cm from there to the second plateau
STRONG = 0.9  # largest weight of a field that is there from the start
SHOWN = 6  # of MOVES, in the picture
SPEEDS = 15.0, 35.0  # cm/s, at which the constants were not searched for
Floats = NDArray[np.float64]


def on_chip(seen: Laps, constants: Constants, start: Floats, seed: int, backend: str = "simulator") -> Any:
    """(weights after the laps in the network's units, spikes (steps, neurons), weights in the chip's units)."""
    net = place.network(seen.track, place.rule_of(seen.track, KINETICS, constants), start)
    inputs = place.inputs_of(seen, seed)
    program = nk.compile(net, calibrate=inputs)
    steps = len(seen.position) + max(program.latency.values())
    rec = nk.run(program, program.scaled(inputs), steps, backend=backend)
    whole = weights(rec.program)
    return weights(nk.to_network(rec.program, net)), rec.aligned(place.TARGET)[0], whole


def weights(graph: nk.Network | nk.Program) -> Floats:
    """Of the projection that learns."""
    (found,) = (p.synapses[0].weight for p in graph.projections if p.name == place.LEARNS)
    return np.asarray(found, np.float64)


def changes(constants: Constants, seeds: int) -> tuple[dict[str, Any], Floats, Floats]:
    """Part one: agreement with the equation, and changes (starts, cells) of the equation and of the first seed."""
    found: dict[str, Any] = {"search": asdict(constants)}
    pictures = []
    for speed in (TRACK.speed, *SPEEDS):
        track = Track(speed=speed)
        seen, start = place.ladder(track, STARTS)
        expected = place.by_equation(seen, KINETICS, start) - start
        forms = (
            {"chosen": constants, "Milstein's rates": Constants()} if speed == TRACK.speed else {"chosen": constants}
        )
        for name, form in forms.items():
            rates = place.by_products(seen, KINETICS, start, form) - start
            chips = [on_chip(seen, form, start, seed)[0] - start for seed in range(seeds)]
            row = {"rates": asdict(agreement(rates, expected))}
            row |= {"chip": [asdict(agreement(chip, expected)) for chip in chips]}
            found[f"{speed:g} cm/s, {name}"] = row
            r = np.array([each["correlation"] for each in row["chip"]])
            error = np.mean([each["error"] for each in row["chip"]])
            said = f"{r.mean():.3f} ({r.min():.3f} to {r.max():.3f}), error {error:.3f}"
            print(
                f"{speed:g} cm/s, {name:17} r {row['rates']['correlation']:.3f} on rates; in integers {said}",
                flush=True,
            )
            pictures.append((expected, chips[0]))
    return found, *pictures[0]


def protocol() -> tuple[Laps, Floats, Laps]:
    """Seven laps, weights at their start, and three laps of the first plateau alone.

    Of each move there are two neurons. A silent one has a plateau at FIRST in the second lap and another, elsewhere, in
    the fifth. One with a strong field at FIRST from the start has the other plateau only. A last silent neuron has the
    first plateau only.
    """
    moves, last = len(MOVES), 2 * len(MOVES)
    first = [Plateau(k, 1, FIRST) for k in (*range(moves), last)]
    second = [Plateau(k + kind * moves, 4, FIRST + move) for kind in (0, 1) for k, move in enumerate(MOVES)]
    start = np.zeros((last + 1, TRACK.cells))
    start[moves:last] = TRACK.weights_at(FIRST, STRONG)
    return laps(TRACK, 7, last + 1, [*first, *second]), start, laps(TRACK, 3, last + 1, first)


def moved(constants: Constants, seeds: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part two: how far centres of fields move, and the fields and spikes of one seed."""
    both, start, one = protocol()
    fields: dict[str, Any] = {"equation": TRACK.field(place.by_equation(both, KINETICS, start))}
    fields["first"] = TRACK.field(place.by_equation(one, KINETICS, start))[-1]
    runs = [on_chip(both, constants, start, seed) for seed in range(seeds)]
    fields |= {"chip": TRACK.field(runs[0][0]), "spikes": runs[0][1], "start": TRACK.field(start)}
    told: dict[str, Any] = {"moves of the plateau": MOVES.tolist()}
    print("plateau, cm from the first or the field " + " ".join(f"{move:+6.0f}" for move in MOVES))
    for kind, name in enumerate(("a field made by a plateau", "a strong field")):
        equation = shift(fields["equation"], kind)
        chips = np.array([shift(TRACK.field(after), kind) for after, _, _ in runs])
        told[name] = {"equation": equation.tolist(), "chip": chips.tolist()}
        print(f"{name:25}, equation " + " ".join(f"{x:+6.1f}" for x in equation))
        print(f"{name:25}, integers " + " ".join(f"{x:+6.1f}" for x in chips.mean(0)), flush=True)
    return told, fields


def shift(field: Floats, kind: int) -> Floats:
    """How far centres lie from that of a field made by the first plateau (kind 0), or from FIRST (kind 1), cm."""
    centre = TRACK.centre(field)
    return TRACK.distance(centre[kind * len(MOVES) :][: len(MOVES)], FIRST if kind else centre[-1])


def lava(constants: Constants) -> dict[str, int]:
    """Weights and spikes of part two that differ between the simulator and Lava."""
    both, start, _ = protocol()
    (_, ours, own), (_, theirs, other) = (on_chip(both, constants, start, 0, b) for b in ("simulator", "lava"))
    found = {
        "weights": int((own != other).sum()),
        "of": own.size,
        "spikes": int((ours != theirs).sum()),
        "in": ours.size,
    }
    print(f"Lava: {found['weights']} of {own.size} weights and {found['spikes']} of {ours.size:,} spikes differ")
    return found


def picture_of_changes(expected: Floats, chip: Floats, path: Path) -> None:
    """Changes over time and initial weight: two maps, and lines."""
    seconds = TRACK.distance(TRACK.places, FIRST) / TRACK.speed
    order = np.argsort(seconds)
    figure = Figure(figsize=(11, 3.8), layout="constrained")
    axes = figure.subplots(1, 3, gridspec_kw={"width_ratios": (1, 1, 1.3)})
    most = max(np.abs(expected).max(), np.abs(chip).max())
    names = "differential equation, floats", "integers, spikes"
    for panel, values, name in zip(axes, (expected, chip), names, strict=False):
        shown = panel.pcolormesh(seconds[order], STARTS, values[:, order], cmap="RdBu_r", vmin=-most, vmax=most)
        panel.set(title=name, xlabel="seconds from the plateau", yticks=STARTS.round(2))
    axes[0].set_ylabel("initial weight (share of the largest)")
    figure.colorbar(shown, ax=axes[1], label="change of the weight")
    for k, start in enumerate(STARTS[::2]):
        colour = f"C{k}"
        axes[2].plot(seconds[order], expected[2 * k][order], color=colour, lw=2, label=f"{start:.2f}")
        axes[2].plot(seconds[order], chip[2 * k][order], ".", color=colour, ms=4)
    axes[2].axhline(0, color="grey", lw=0.8)
    axes[2].axvline(0, color="grey", lw=0.8, ls=":")
    axes[2].set(
        title="lines: equation, dots: integers",
        xlabel="seconds from the plateau to the cell's place",
        ylim=(-0.62, 0.4),
    )
    axes[2].set_ylabel("change of the weight")
    axes[2].legend(title="initial weight", fontsize="small", frameon=False, loc="lower center", ncols=4)
    axes[2].spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def picture_of_fields(fields: dict[str, Any], told: dict[str, Any], path: Path) -> None:
    """Fields before and after each plateau, the neurons' spikes, and how far fields move."""
    figure = Figure(figsize=(13, 6.2), layout="constrained")
    grid, strong = figure.add_gridspec(2, 3), SHOWN + len(MOVES)
    first = f"after a plateau at {FIRST:.0f} cm"
    then = f"after a plateau at {FIRST + MOVES[SHOWN]:.0f} cm"
    titles = "silent neuron, two plateaus", "strong field, one plateau elsewhere"
    for row, (key, name) in enumerate((("equation", "equation, floats"), ("chip", "integers, spikes"))):
        once = fields["first"] if key == "equation" else fields["chip"][-1]
        columns = [
            ([("before", fields["start"][SHOWN]), (first, once), (then, fields[key][SHOWN])], SHOWN, (0, 3, 6)),
            ([("before", fields["start"][strong]), (then, fields[key][strong])], strong, (3, 6)),
        ]
        for column, (lines, neuron, shown) in enumerate(columns):
            axes = figure.add_subplot(grid[row, column])
            _field(axes, lines, fields["spikes"][:, neuron] if row else None, shown)
            axes.set_title(f"{titles[column]} ({name})", loc="left", fontsize="medium")
            if row:
                axes.set_xlabel("place on the circular track (cm)")
    _moves(figure.add_subplot(grid[:, 2]), told)
    figure.savefig(path, dpi=110)


def _moves(axes: Any, told: dict[str, Any]) -> None:
    axes.plot([-90, 90], [-90, 90], color="grey", lw=0.8, ls=":", label="as far as the plateau")
    for name, colour in (("a field made by a plateau", COLOURS[1]), ("a strong field", COLOURS[2])):
        chip = np.array(told[name]["chip"])
        axes.plot(MOVES, told[name]["equation"], "-", color=colour, label=f"{name}, equation")
        bars = axes.errorbar(MOVES, chip.mean(0), chip.std(0), fmt="o", color=colour, capsize=3)
        bars.set_label(f"{name}, integers ({len(chip)} seeds)")
    axes.axhline(0, color="grey", lw=0.8)
    axes.axvline(0, color="grey", lw=0.8)
    axes.set(
        xlabel="plateau, cm from the first or the field", ylabel="the centre of mass moves by (cm)", ylim=(-95, 125)
    )
    axes.set_title("centres move towards the plateau", loc="left", fontsize="medium")
    axes.legend(framealpha=1, edgecolor="none", fontsize="small", loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)


COLOURS = "#888888", "#1f5fa8", "#c2571a"


def _field(axes: Any, lines: list[tuple[str, Floats]], spikes: NDArray[Any] | None, shown: tuple[int, ...]) -> None:
    """Drives by name, and under them the spikes of the laps `shown`."""
    colours = COLOURS if len(lines) == 3 else (COLOURS[1], COLOURS[2])
    most = 30 if len(lines) == 2 else 16
    for (name, values), colour in zip(lines, colours, strict=True):
        axes.plot(TRACK.places, values, color=colour, lw=2, label=name)
    for where, colour in ((FIRST, COLOURS[1]), (FIRST + MOVES[SHOWN], COLOURS[2])):
        axes.axvline(where, color=colour, lw=1, ls="--")
    axes.set(ylabel="drive of the neuron", xlim=(0, TRACK.length), ylim=(-0.02 * most, most))
    axes.legend(fontsize="small", framealpha=1, edgecolor="none", loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)
    if spikes is None:
        return
    axes.set_ylim(-0.45 * most, most)
    axes.set_yticks([tick for tick in axes.get_yticks() if 0 <= tick <= most])
    for row, (lap, colour) in enumerate(zip(shown, colours, strict=True)):
        steps = np.flatnonzero(spikes[lap * TRACK.steps : (lap + 1) * TRACK.steps])
        height = -most * (0.07 + 0.09 * row)
        axes.plot(steps * TRACK.length / TRACK.steps, np.full(len(steps), height), "|", color=colour, ms=6)
    axes.text(1, -0.42 * most, "spikes in a lap", fontsize="small", color="#555555")


def main() -> None:
    """Both parts; figures as JSON and the pictures go to --out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--fit", action="store_true", help="search the constants again")
    parser.add_argument("--lava", action="store_true", help="learn on Lava, too")
    parser.add_argument("--out", type=Path, default=Path("build/btsp"))
    arguments = parser.parse_args()
    if arguments.seeds < 1:
        parser.error("--seeds is 1 or more")
    arguments.out.mkdir(parents=True, exist_ok=True)
    constants = place.fitted(TRACK, KINETICS) if arguments.fit else place.FITTED
    print(f"constants {constants}")
    results, expected, chip = changes(constants, arguments.seeds)
    picture_of_changes(expected, chip, arguments.out / "btsp_weight_changes.png")
    results["centres"], fields = moved(constants, arguments.seeds)
    picture_of_fields(fields, results["centres"], arguments.out / "btsp_place_fields.png")
    if arguments.lava:
        results["lava"] = lava(constants)
    (arguments.out / "place_field.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
