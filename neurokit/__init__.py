"""neurokit: trained spiking networks to Intel Loihi's integers, proven step by step."""

from neurokit.api import compile, convert, load, run
from neurokit.errors import NeurokitError
from neurokit.graph.network import Network, Program
from neurokit.records import Recording

__version__ = "0.1.0"

__all__ = ["Network", "NeurokitError", "Program", "Recording", "compile", "convert", "load", "run"]
