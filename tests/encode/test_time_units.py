"""In what the times of a recording count: MATLAB's files do not tell."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.io

import neurokit as nk
from neurokit.errors import FormatError, InputError
from tests.encode import recordings as rec
from tests.encode.test_readers import refused


@pytest.mark.parametrize(
    ("times", "unit", "microseconds"),
    [
        ([1.0, 2.0, 500.0], None, [1, 2, 500]),  # MATLAB's doubles: whole, so microseconds
        ([1.0, 2.0, 500.0], "s", [1_000_000, 2_000_000, 500_000_000]),
        ([0.001, 0.0025, 1.0], None, [1000, 2500, 1_000_000]),  # with fractions: seconds
        ([1.4, 2.6, 500.0], "us", [1, 3, 500]),
        (np.array([1, 2, 500], np.int32), None, [1, 2, 500]),
        (np.array([1, 2, 500], np.int32), "s", [1_000_000, 2_000_000, 500_000_000]),
    ],
)
@pytest.mark.parametrize("struct", [True, False])
def test_the_unit_of_matlabs_times(tmp_path, times, unit, microseconds, struct):
    """The type tells nothing there; a TD counts microseconds, so that its fractions are refused."""
    one = np.ones(3)
    columns = {"x": one, "y": one, "p": one, "ts": np.asarray(times)}
    scipy.io.savemat(tmp_path / "a.mat", {"TD": columns} if struct else columns)
    if struct and unit is None and times[0] == 0.001:
        refused(FormatError, tmp_path / "a.mat", "its ts has fractions, 0.001 the first", 'Pass time_unit="us" or')
        return
    found = nk.encode.read(tmp_path / "a.mat", time_unit=unit)
    assert found.t.tolist() == microseconds
    noted = unit is None and not struct and isinstance(times, list)
    assert any("read as" in note for note in found.notes) == noted


def test_units_of_files_that_tell_theirs(tmp_path):
    path = tmp_path / "a.dat"
    rec.write_dat(path, *rec.some_events())
    with pytest.raises(InputError, match=r"'time_unit': is 's' for a \.dat file"):
        nk.encode.read(path, time_unit="s")
    scipy.io.savemat(tmp_path / "a.mat", {"TD": 1})
    with pytest.raises(InputError, match=r"'time_unit': is 'ms' for a \.mat file"):
        nk.encode.read(tmp_path / "a.mat", time_unit="ms")
    scipy.io.savemat(tmp_path / "train.mat", {"spiketrain": np.zeros((101, 5))})
    with pytest.raises(FormatError, match="holds a spiketrain, whose times are seconds"):
        nk.encode.read(tmp_path / "train.mat", time_unit="us")
