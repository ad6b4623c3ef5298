"""For tests whose networks and inputs leave the chip's ranges on purpose; in all others a wrap is an error."""

import pytest

ON_PURPOSE = pytest.mark.filterwarnings("ignore::neurokit.errors.OverflowWarning")
