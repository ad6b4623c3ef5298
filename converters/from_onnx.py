"""ONNX models (`.onnx` files or onnx.ModelProto objects) as Networks: plain trained networks in a code of spikes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.arguments import check_arguments, choice_faults, step_faults
from neurokit.converters.layers import Layers
from neurokit.converters.onnx_operators import KNOWN, layers_of
from neurokit.converters.onnx_reading import read
from neurokit.converters.onnx_records import Model
from neurokit.converters.rate_coding import rate_coded
from neurokit.converters.sigma_delta import sigma_delta
from neurokit.errors import ConversionError, Fault, InputError
from neurokit.graph.network import Network
from neurokit.graph.synapses import Shape

CODES = ("sigma-delta", "rate")
