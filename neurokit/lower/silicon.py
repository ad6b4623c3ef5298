"""What silicon may do otherwise than Lava's CPU models: suspects as data, and the versioned file of what was found."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeAlias

from neurokit.errors import Fault, FormatError, InputError
from neurokit.files import written_aside

FORMAT, VERSION = "neurokit-silicon", 1
Value: TypeAlias = "str | int"
SiliconLike: TypeAlias = "str | os.PathLike[str] | Silicon | Finding | None"


@dataclass(frozen=True)
class Silicon:
    """One chip's arithmetic; the defaults are lava-nc 0.10.0's fixed-point models. Values: see SUSPECTS."""

    threshold_rule: str = ">"
    potential_uses: str = "new-current"
    refractory_steps: int = 0
    accumulator: str = "u-wraps-23"
    potential_limit: str = "saturates"
    current_decay_offset: int = 0
    voltage_decay_offset: int = 0
    current_rounding: str = "toward-zero"
    voltage_rounding: str = "toward-zero"
    negative_shift: str = "sum-down"
    weight_truncation: str = "none"
    delay_offset: int = 0
    bias_shift: int = 0
    reset_offset: int = 0
    reset_states: str = "u-and-v"
    after_spike: str = "0"
    payload_sign: str = "signed"
    payload_bits: int = 24


@dataclass(frozen=True)
class Suspect:
    """A way in which silicon may differ.

    values: what it may be, Lava's first, each in words. source: of the suspicion.
    """

    field: str
    what: str
    values: Mapping[Value, str]
    source: str


ROUNDING: Mapping[Value, str] = {
    "toward-zero": "magnitudes round down",
    "down": "towards minus infinity",
    "nearest": "magnitudes to the nearest, halves up",
    "away": "magnitudes round up",
}
OFFSET: Mapping[Value, str] = {0: "as in Lava", -1: "1/4096 less", 1: "1/4096 more"}
REPARAMETERISED = "lava-nc/lava#829: the same LIF needed other parameters on a chip"
ARITHMETIC = "no public statement; checked because a chip's shifts need not be numpy's"

SUSPECTS: tuple[Suspect, ...] = (
    Suspect("threshold_rule", "a spike when v", {">": "exceeds it", ">=": "reaches it"}, "lava-dl's CUBA fires at >="),
    Suspect(
        "potential_uses",
        "the current that v integrates",
        {"new-current": "of the same step", "old-current": "of the step before"},
        REPARAMETERISED,
    ),
    Suspect(
        "refractory_steps",
        "steps after a spike in which v stays",
        {0: "none", 1: "one"},
        "lava-nc/lava#282: 128 in v is a refractory marker; lava-dl exports refDelay 1",
    ),
    Suspect(
        "accumulator",
        "synaptic input beyond its bits",
        {
            "u-wraps-23": "u wraps at 2^23",
            "sum-wraps-21": "the sum, shifted by 6, wraps at 2^21",
            "sum-saturates-21": "the sum, shifted by 6, saturates at 2^21",
            "u-saturates-23": "u saturates at 2^23",
        },
        "nengo-loihi @e564f66: Q_BITS = 21",
    ),
    Suspect("potential_limit", "v beyond 24 bits", {"saturates": "saturates", "wraps": "wraps"}, ARITHMETIC),
    Suspect("current_decay_offset", "decay of u", OFFSET, "lava-nc 0.10.0: ds_offset = 1, as the chip is said to do"),
    Suspect("voltage_decay_offset", "decay of v", OFFSET, "lava-nc 0.10.0: dm_offset = 0, as the chip is said to do"),
    Suspect("current_rounding", "rounding of u's decay", ROUNDING, ARITHMETIC),
    Suspect("voltage_rounding", "rounding of v's decay", ROUNDING, ARITHMETIC),
    Suspect(
        "negative_shift",
        "a negative weight exponent shifts",
        {
            "sum-down": "the sum, rounding down",
            "sum-toward-zero": "the sum, rounding towards zero",
            "weight-down": "each weight, rounding down",
            "weight-toward-zero": "each weight, rounding towards zero",
        },
        ARITHMETIC,
    ),
    Suspect(
        "weight_truncation",
        "the lowest of 8 bits, weights being of one sign",
        {"none": "is kept", "down": "is cleared, downwards", "toward-zero": "is cleared, towards zero"},
        "lava-nc 0.10.0 clears it of weights of both signs",
    ),
    Suspect(
        "delay_offset",
        "delays beyond the connection's own step",
        {0: "as in Lava", -1: "a step less", 1: "a step more"},
        "lava-nc/lava, test of the delay process: a step is missing against the chip",
    ),
    Suspect(
        "bias_shift",
        "bias mantissa << exponent",
        {0: "and no more", 6: "and 6 more, as synapses"},
        "lava-nc 0.10.0 shifts synapses by 6 and biases not",
    ),
    Suspect(
        "reset_offset",
        "scheduled resets",
        {0: "as in Lava", 1: "a step later", -1: "a step earlier"},
        REPARAMETERISED,
    ),
    Suspect(
        "reset_states",
        "scheduled resets clear",
        {"u-and-v": "u and v", "v": "v only", "u": "u only", "none": "nothing"},
        REPARAMETERISED,
    ),
    Suspect(
        "after_spike",
        "v in the step of a spike",
        {
            "0": "is 0",
            "reads-128": "reads 128 and counts as 0",
            "reads-decay": "reads the voltage decay and counts as 0",
            "stays-128": "is 128, and decays from there",
        },
        "lava-nc/lava#282; lava-dl's PilotNet recordings show 128 that counts as 0",
    ),
    Suspect(
        "payload_sign",
        "a negative payload",
        {"signed": "is itself", "magnitude": "loses its sign", "positive-only": "is not sent"},
        "no public chip implementation is known to keep it",
    ),
    Suspect(
        "payload_bits",
        "bits of a payload, signed, beyond which it wraps",
        {24: "24", 16: "16", 8: "8"},
        "Lava's num_message_bits is not enforced on the CPU",
    ),
)
BY_FIELD: Mapping[str, Suspect] = {suspect.field: suspect for suspect in SUSPECTS}


@dataclass(frozen=True)
class Finding:
    """What a run of the first-light kit says of a chip.

    target, backend: what the kit was made for, and what ran it. kit: its checksum. candidates: field -> values that
    explain all that was seen, the likeliest first (Lava's where it is among them). unexplained: job -> where its output
    differs from every prediction. not_run: job -> what the backend said.
    """

    target: str
    backend: str
    kit: str
    candidates: Mapping[str, tuple[Value, ...]]
    unexplained: Mapping[str, str]
    not_run: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether known differences explain every output."""
        return not self.unexplained

    @property
    def silicon(self) -> Silicon:
        """The likeliest arithmetic, Lava's where nothing says otherwise."""
        values: dict[str, Any] = {name: found[0] for name, found in self.candidates.items()}
        return Silicon(**values)

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the silicon file (docs/silicon.md)."""
        settings = {name: {"value": found[0], "candidates": list(found)} for name, found in self.candidates.items()}
        return {
            "format": FORMAT,
            "version": VERSION,
            "target": self.target,
            "backend": self.backend,
            "kit": self.kit,
            "settings": settings,
            "unexplained": dict(self.unexplained),
            "not_run": dict(self.not_run),
        }

    def __str__(self) -> str:
        """A line a difference, and what stays open."""
        lava = Silicon()
        lines = []
        for name, found in self.candidates.items():
            suspect = BY_FIELD[name]
            words = " or ".join(suspect.values[value] for value in found)
            if found != (getattr(lava, name),):
                state = "differs from Lava" if getattr(lava, name) not in found else "not told apart"
                lines.append(f"{name}: {suspect.what} {words} ({state})")
        same = len(self.candidates) - len(lines)
        lines.append(f"{same} of {len(self.candidates)} suspects are as Lava's CPU models have them")
        lines += [f"unexplained: {name}: {words}" for name, words in self.unexplained.items()]
        lines += [f"not run: {name}: {words}" for name, words in self.not_run.items()]
        return "\n".join(lines)


def save_silicon(finding: Finding, path: str | os.PathLike[str]) -> None:
    """Write the silicon file (JSON). OutputError when it cannot be written."""
    text = json.dumps(finding.to_dict(), indent=1, ensure_ascii=False) + "\n"
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def load_silicon(path: str | os.PathLike[str]) -> Finding:
    """Read a silicon file. FormatError for what is none, another version, and unknown fields or values."""
    try:
        held = json.loads(Path(path).read_text(encoding="utf-8"))
        if held["format"] != FORMAT:
            raise ValueError(f"its format is {held['format']!r}")
        if held["version"] != VERSION:
            fact, limit = f"has version {held['version']!r}", f"this neurokit reads version {VERSION}"
            raise FormatError(Fault(str(path), fact, limit, "Update neurokit."))
        words = {name: {str(k): str(v) for k, v in held[name].items()} for name in ("unexplained", "not_run")}
        candidates = _candidates(held["settings"])
        return Finding(str(held["target"]), str(held["backend"]), str(held["kit"]), candidates, **words)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        limit = "a silicon file of neurokit deploy --check is needed (docs/silicon.md)"
        raise FormatError(Fault(str(path), f"cannot be read ({error})", limit, "Write it again.")) from error


def silicon_of(given: SiliconLike) -> Silicon | None:
    """The arithmetic to follow, None where none is given; InputError for outputs that known differences do not explain.

    given: a silicon file, what `load_silicon` gives, or the arithmetic itself.
    """
    if given is None or isinstance(given, Silicon):
        return given
    if isinstance(given, str | os.PathLike):
        found, what = load_silicon(given), str(given)
    elif isinstance(given, Finding):
        found, what = given, "silicon"
    else:
        limit = "a silicon file, or what load_silicon gives, is needed"
        raise InputError(Fault("silicon", f"is a {type(given).__name__}", limit, "Pass its path."))
    if found.ok:
        return found.silicon
    limit = "it cannot be followed"
    mend = "Follow the rest alone: silicon=load_silicon(path).silicon, and report what was found."
    raise InputError(
        [
            Fault(what, f"the chip did in '{job}' what no known difference explains: {words}", limit, mend)
            for job, words in found.unexplained.items()
        ]
    )


def _candidates(settings: Mapping[str, Any]) -> dict[str, tuple[Value, ...]]:
    """Values by field; ValueError for any that is unknown, or missing."""
    names = [field.name for field in fields(Silicon)]
    if set(settings) != set(names):
        raise ValueError(f"its settings differ from {', '.join(names)} in {sorted(set(settings) ^ set(names))}")
    found: dict[str, tuple[Value, ...]] = {}
    for name in names:
        values = tuple(settings[name]["candidates"])
        known = list(BY_FIELD[name].values)
        if not values or values[0] != settings[name]["value"] or len(set(values)) < len(values):
            raise ValueError(f"the value of {name} is not the first of its candidates")
        if unknown := [v for v in values if isinstance(v, bool) or v not in known]:
            raise ValueError(f"{name} is {unknown[0]!r}, and may be {', '.join(map(str, known))}")
        found[name] = values
    return found
