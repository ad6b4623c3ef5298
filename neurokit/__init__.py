"""neurokit: trained spiking networks to Intel Loihi's integers, proven step by step."""

from neurokit import encode, rules
from neurokit.api import compile, convert, load, memory, open, run
from neurokit.budget import Memory
from neurokit.bundles.checking import check_results
from neurokit.bundles.writing import Bundle, deploy
from neurokit.conformance.report import Conformance
from neurokit.conformance.suite import conformance
from neurokit.converters.survey import Survey, inspect
from neurokit.errors import NeurokitError
from neurokit.graph.network import Network, Program
from neurokit.hardware.lava.export import to_lava
from neurokit.headroom import Audit, audit
from neurokit.health import Check, Health, doctor
from neurokit.ladder import verify
from neurokit.learn.agreement import Fidelity
from neurokit.learning import fidelity
from neurokit.lower.expand import expand
from neurokit.lower.to_floats import to_network
from neurokit.place.placement import Placement
from neurokit.place.placing import place
from neurokit.profiling.parity import Parity
from neurokit.profiling.profile import Profile, profile
from neurokit.profiling.report import report
from neurokit.profiling.targets import Targets
from neurokit.recording_file import load_recording
from neurokit.records import Recording
from neurokit.session import Latency, Session
from neurokit.target_runs import targets

__version__ = "0.1.0"

__all__ = [
    "Audit",
    "Bundle",
    "Check",
    "Conformance",
    "Fidelity",
    "Health",
    "Latency",
    "Memory",
    "Network",
    "NeurokitError",
    "Parity",
    "Placement",
    "Profile",
    "Program",
    "Recording",
    "Session",
    "Survey",
    "Targets",
    "audit",
    "check_results",
    "compile",
    "conformance",
    "convert",
    "deploy",
    "doctor",
    "encode",
    "expand",
    "fidelity",
    "inspect",
    "load",
    "load_recording",
    "memory",
    "open",
    "place",
    "profile",
    "report",
    "rules",
    "run",
    "targets",
    "to_lava",
    "to_network",
    "verify",
]
