"""A Program on a Loihi 2 board, through Lava and Intel's lava-loihi extension. It has not run on silicon yet.

lava-loihi is not public: every call into it follows public code that uses it, see `extension`.
"""

from neurokit.hardware.loihi.backend import Loihi2
from neurokit.hardware.loihi.hosts import Ethernet, Slurm
from neurokit.hardware.loihi.job import Measure

__all__ = ["Ethernet", "Loihi2", "Measure", "Slurm"]
