"""Networks that BTSP trained, brought to the chip's integers: accuracy and messages of each code.

    python examples/17_btsp_convert.py                         the digits network of examples/btsp, 8 images on Lava too
    python examples/17_btsp_convert.py digits  [--seeds 1 2 3 4]
    python examples/17_btsp_convert.py fashion [--seeds 10 11 12 13 14] [--images 4000] [--test 10000] [--folder FOLDER]
                                               [--codes graded sigma-delta rate]

The latter train a network a seed (digits: 64-200-200-10, "gated"; Fashion-MNIST: 784-500-500-10, published constants,
one pass) and keep it and its results in --out; what is there already is not made again. Scales follow 200 training
images. A message is a spike or a payload that a population sends; the input's own are not counted.

Result of the first: float 95.6 %, graded 95.6 % (9,834 messages an image), sigma-delta 95.6 % (9,460), rate code 73.1 %
(14,141), all in stock parts of Loihi 2; no number that is sent differs on Lava. More in docs/btsp.md.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import neurokit as nk
from neurokit.converters.btsp import CODES
from neurokit.converters.btsp_net import DendriticNet, load_dendritic_net
from neurokit.errors import ConversionWarning
from neurokit.learn.btsp.rules import Learning
from neurokit.learn.btsp.start import DIGITS, DIGITS_RATES, DIGITS_SIZES, PUBLISHED_SIZES, initial
from neurokit.learn.btsp.training import predicted, train
from neurokit.learn.tasks.images import DEBIAN, Images, digits, fashion_mnist

KEPT = Path(__file__).parent / "btsp" / "digits.npz"
SAMPLES = 200  # training images that scales follow
AT_ONCE = 500  # images in one run
SETTLED = 24  # last steps of an image whose spikes count, in rate code


def program_of(net: DendriticNet, code: str, images: Images) -> nk.Program:
    """Convert and compile."""
    samples = images.x[:SAMPLES]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConversionWarning)  # dendrites are left out
        network = nk.convert(net, kind="btsp", code=code, calibrate=samples)
    return nk.compile(network, calibrate=network.presented(samples[:, None]))


def decided(program: nk.Program, recording: nk.Recording, code: str) -> Any:
    """(images,) classes: the largest value, or the most spikes once it has settled."""
    sent = recording.aligned("OutputE") if code == "rate" else recording.spikes["OutputE"]
    if code == "rate":
        sent = sent[:, program.steps_per_sample - SETTLED : program.steps_per_sample]
    return sent.sum(axis=1).argmax(axis=1)


def measured(net: DendriticNet, code: str, images: Images, test: int) -> dict[str, Any]:
    """Accuracy in floats and in integers, how often both decide the same, and messages an image."""
    program, x, y = program_of(net, code, images), images.test_x[:test], images.test_y[:test]
    found, messages, states = [], 0, 0
    for start in range(0, len(x), AT_ONCE):
        recording = nk.run(program, program.presented(x[start : start + AT_ONCE, None]))
        found.append(decided(program, recording, code))
        messages += sum(int(count.sum()) for name, count in recording.counts.items() if name in program.populations)
        states += sum(int(count.sum()) for name, count in recording.counts.items() if name.endswith(".state"))
    own, classes = predicted(net, x), np.concatenate(found)
    return {
        "float": float((own == y).mean()),
        "accuracy": float((classes == y).mean()),
        "same": float((classes == own).mean()),
        "messages": messages / len(x),
        "of states": states / len(x),
        "images": len(x),
        "targets": list(program.targets),
    }


def trained(what: str, seed: int, images: Images, count: int, out: Path) -> DendriticNet:
    """The network of a seed, from its file where it is there."""
    path = out / f"{what}-{seed}.npz"
    if path.exists():
        return load_dendritic_net(path)
    if what == "digits":
        rule = Learning("gated", "gated", discount=0.0, constants=DIGITS)
        start = initial(DIGITS_SIZES, seed, constants=DIGITS)
        net = train(start, images.x, images.y, rule, seed=seed, rates=DIGITS_RATES)
    else:
        chosen = np.random.default_rng(1000 + seed).permutation(len(images.x))[:count]
        net = train(initial(PUBLISHED_SIZES, seed), images.x[chosen], images.y[chosen], Learning(), seed=seed)
    out.mkdir(parents=True, exist_ok=True)
    net.save(path)
    return net


def row(name: str, code: str, found: dict[str, Any]) -> str:
    """One line of the table."""
    return (
        f"{name:12} {code:12} float {found['float']:.2%}  {code} {found['accuracy']:.2%}  same decision "
        f"{found['same']:.2%}  messages {found['messages']:,.0f} (states' {found['of states']:,.0f})  "
        f"{', '.join(found['targets'])}"
    )


def differences(net: DendriticNet, code: str, images: Images, count: int) -> str:
    """Messages of all populations in the simulator and on Lava."""
    program = program_of(net, code, images)
    shown, names = program.presented(images.test_x[:count, None]), tuple(program.populations)
    ours, lavas = (nk.run(program, shown, backend=name, record=names) for name in ("simulator", "lava-inprocess"))
    other = sum(int((ours.spikes[name] != lavas.spikes[name]).sum()) for name in names)
    size = sum(ours.spikes[name].size for name in names)
    return f"{code}: {other} of {size:,} numbers of {len(names)} populations differ on Lava ({count} images)"


def table(what: str, arguments: argparse.Namespace) -> None:
    """Rows of all seeds and codes, each made once."""
    images = digits() if what == "digits" else fashion_mnist(arguments.folder)
    rows: list[dict[str, Any]] = []
    for seed in arguments.seeds or ([1, 2, 3, 4] if what == "digits" else [10, 11, 12, 13, 14]):
        net = trained(what, seed, images, arguments.images, arguments.out)
        for code in arguments.codes:
            path = arguments.out / f"{what}-{seed}-{code}.json"
            if not path.exists():
                path.write_text(json.dumps(measured(net, code, images, arguments.test)) + "\n")
            rows.append({"code": code, **json.loads(path.read_text())})
            print(row(f"{what} {seed}", code, rows[-1]), flush=True)
    for code in arguments.codes:
        own = [found for found in rows if found["code"] == code]
        lost = [100 * (found["float"] - found["accuracy"]) for found in own]
        messages = np.mean([found["messages"] for found in own])
        print(
            f"{code:12} loses {np.mean(lost):.2f} points ({min(lost):.2f} to {max(lost):.2f}), {messages:,.0f} messages"
        )


def main() -> None:
    """One of three."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("kept", "digits", "fashion"), default="kept")
    parser.add_argument("--seeds", type=int, nargs="+")
    parser.add_argument("--codes", nargs="+", choices=CODES, default=CODES)
    parser.add_argument("--images", type=int, default=4000)
    parser.add_argument("--test", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, default=DEBIAN)
    parser.add_argument("--lava", type=int, default=8)
    parser.add_argument("--out", type=Path, default=Path("build/btsp-nets"))
    arguments = parser.parse_args()
    if arguments.what != "kept":
        table(arguments.what, arguments)
        return
    net, images = load_dendritic_net(KEPT), digits()
    for code in arguments.codes:
        print(row(KEPT.stem, code, measured(net, code, images, arguments.test)))
    for code in arguments.codes if arguments.lava else ():
        print(differences(net, code, images, arguments.lava))


if __name__ == "__main__":
    main()
