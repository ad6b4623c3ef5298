"""Which board runs a Program: one of a cluster's, given out by SLURM, or one on the network, by its address.

The environment variables are those that Lava sets and lava-loihi reads (lava-nc 0.10.0, lava/utils/loihi.py and
slurm.py): SLURM, NOSLURM, PARTITION, BOARD, NXSDKHOST, HOST_BINARY, LOIHI_GEN.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from neurokit.errors import Fault, InputError

GENERATIONS = ("N3B2", "N3B3", "N3C1", "N3D1")  # of Loihi 2: lava-nc 0.10.0, utils/loihi.py, ChipGeneration
USUAL = "N3B3"  # "Most Loihi 2 systems available to the INRC are N3B3", ibid.
BINARY = "nxcore/bin/nx_driver_server"  # ibid., use_ethernet_host


@dataclass(frozen=True)
class Slurm:
    """A board of a cluster. partition, board: as `sinfo` names them, one or none of both."""

    partition: str | None = None
    board: str | None = None

    @property
    def name(self) -> str:
        """For people."""
        chosen = self.board or self.partition
        return f"SLURM, {chosen}" if chosen else "SLURM"

    def fault(self) -> Fault | None:
        """What is in the way from here, or None."""
        if self.partition is not None and self.board is not None:
            fact = f"partition '{self.partition}' and board '{self.board}' are both given"
            return Fault("host", fact, "a board says its partition", "Give one of them.")
        if shutil.which("sinfo") is None:
            fact, limit = "there is no sinfo on the path", "boards of a cluster are given out by SLURM"
            mend = "Run it on a host of the cluster, or name a board on the network: NXSDKHOST=ADDRESS, or "
            return Fault("host", fact, limit, f"{mend}backend=Loihi2(host=Ethernet('ADDRESS')).")
        return None

    def to_dict(self) -> dict[str, Any]:
        """For the process that runs it."""
        return {"kind": "slurm", "partition": self.partition, "board": self.board}


@dataclass(frozen=True)
class Ethernet:
    """A board on the network. address: of its host, which must answer a ping. binary: of nxcore's server, there."""

    address: str
    binary: str = BINARY

    @property
    def name(self) -> str:
        """For people."""
        return f"Ethernet, {self.address}"

    def fault(self) -> Fault | None:
        """What is in the way from here, or None."""
        if not self.address:
            return Fault("host", "its address is empty", "a host on the network has one", "Name it.")
        return None

    def to_dict(self) -> dict[str, Any]:
        """For the process that runs it."""
        return {"kind": "ethernet", "address": self.address, "binary": self.binary}


Host: TypeAlias = "Slurm | Ethernet"


def of_environment(environment: Mapping[str, str] | None = None) -> Host:
    """The host that the environment names: NXSDKHOST (and HOST_BINARY) on the network, else SLURM's."""
    given = os.environ if environment is None else environment
    if given.get("NXSDKHOST"):
        return Ethernet(given["NXSDKHOST"], given.get("HOST_BINARY") or BINARY)
    return Slurm(given.get("PARTITION") or None, given.get("BOARD") or None)


def generation_of(given: str | None, environment: Mapping[str, str] | None = None) -> str:
    """The chip's generation: as given, else LOIHI_GEN, else the usual one; InputError for an unknown one."""
    found = given or (os.environ if environment is None else environment).get("LOIHI_GEN") or USUAL
    if found not in GENERATIONS:
        fact, limit = f"'{found}' is unknown", f"known of Loihi 2: {', '.join(GENERATIONS)}"
        raise InputError(Fault("generation", fact, limit, "Name one of them, or set LOIHI_GEN."))
    return found
