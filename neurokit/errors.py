"""Errors of neurokit: one tree, each with the faults that caused it.

    NeurokitError
     ├─ FormatError        a file is missing, unreadable, truncated or not what its name says
     ├─ ConversionError    a source holds something that cannot be converted
     ├─ GraphError         a Network or Program breaks an invariant
     ├─ RuleError          a plasticity rule, as text or as objects, is not sound
     ├─ CompileError       a Network cannot be brought to the chip's integers
     ├─ InputError         inputs or arguments do not fit the network
     │   └─ NotRecordedError  a recording does not hold what was asked for (also a KeyError)
     ├─ BackendError       a backend refuses a Program, failed, or ran out of time
     │   └─ PayloadError   payloads so large that the backend's sums may overflow where the Program's do not
     ├─ TrainingError      a loss or gradient is not finite; carries the last good weights
     └─ OutputError        a result cannot be written

OverflowWarning is a warning: integers left their range and wrapped, as the chip's do. ConversionWarning is another: a
converter left something out that does not change decisions. MetadataWarning is a third: a file format has no field for
part of what was saved. RailWarning is a fourth: learning has brought many weights to a bound. SampleWarning is a fifth:
a sample is shown for other steps than the source was trained with.

Every error carries `faults`, all that were found at once, never only the first.

    KeyboardInterrupt (Python's)
     └─ Interrupted        Ctrl-C ended a run; carries what was finished. `except Exception` lets it by
         └─ VerificationInterrupted    Ctrl-C ended the parity ladder; carries its rungs so far
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and how to mend it.

    node: what it concerns (a population, projection, file or argument).
    fact: what was found.
    limit: what is allowed, with its source where it is a limit of the chip.
    mend: what the user can do about it.
    """

    node: str
    fact: str
    limit: str
    mend: str

    def __str__(self) -> str:
        return f"'{self.node}': {self.fact}; {self.limit}. {self.mend}"


def one_line(error: BaseException, most: int | None = None) -> str:
    """What another library's error says, on one line of at most `most` characters; its type where it says nothing."""
    return " ".join(str(error).split())[:most] or type(error).__name__


class NeurokitError(Exception):
    """Base of all errors that neurokit raises on purpose."""

    def __init__(self, faults: Fault | Sequence[Fault]) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class OverflowWarning(UserWarning):
    """Integers of a run left their range and wrapped, as they would on the chip; says where, how often, and the mend.

    Tests may make it an error: `warnings.simplefilter("error", OverflowWarning)`.
    """


class RailWarning(UserWarning):
    """Learning brought many weights of a projection to a bound, where they can only stay or turn back."""


class SampleWarning(UserWarning):
    """A sample is shown for fewer or more steps than the source was trained with (`steps_per_sample`), or without a
    reset after the one before: what it decides then is not what the source decides."""


class ConversionWarning(UserWarning):
    """A converter left out an operation that does not change which output is largest, such as a final Softmax."""


class MetadataWarning(UserWarning):
    """A file holds part of a network's meaning as metadata, since its format has no field for it.

    neurokit reads them; other readers may not, and would take the network for another.
    """


class FormatError(NeurokitError):
    """A file is missing, unreadable, truncated or not what its name says."""


class ConversionError(NeurokitError):
    """A source holds something that cannot be converted."""


class GraphError(NeurokitError):
    """A Network or Program breaks an invariant."""


class RuleError(NeurokitError):
    """A plasticity rule, as text or as objects, is not sound."""


class CompileError(NeurokitError):
    """A Network cannot be brought to the chip's integers."""


class InputError(NeurokitError):
    """Inputs or arguments do not fit the network."""


class NotRecordedError(InputError, KeyError):
    """A recording does not hold what was asked for."""


class BackendError(NeurokitError):
    """A backend refuses a Program, failed while running it, or ran out of time."""


class PayloadError(BackendError):
    """Payloads are so large that the backend's sums may overflow where the Program's do not: nothing is returned."""


class OutputError(NeurokitError):
    """A result cannot be written."""


class TrainingError(NeurokitError):
    """A loss or a gradient is not finite, so training stopped. last_good: its progress with the last good weights."""

    def __init__(self, faults: Fault | Sequence[Fault], last_good: Any = None) -> None:
        super().__init__(faults)
        self.last_good = last_good


class Interrupted(KeyboardInterrupt):
    """Ctrl-C ended a run between two blocks of steps.

    recording: the Recording of what was finished, with `complete` False and `steps_done` for each sample.
    """

    def __init__(self, recording: Any = None) -> None:
        self.recording = recording
        super().__init__("" if recording is None else f"{recording!r}")


class VerificationInterrupted(Interrupted):
    """Ctrl-C ended the parity ladder. parity: the Parity as far as it had come, with a note that says so."""

    def __init__(self, parity: Any) -> None:
        self.parity = parity
        super().__init__()
