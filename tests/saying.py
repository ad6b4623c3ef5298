"""What an act that must fail says."""

import pytest

from neurokit.errors import InputError


def faults(act, error=InputError):
    """All faults of the error that `act` raises, sorted, each of them whole."""
    with pytest.raises(error) as caught:
        act()
    for fault in caught.value.faults:
        assert all((fault.node, fault.fact, fault.limit, fault.mend)), fault
    return sorted(str(fault) for fault in caught.value.faults)


def fault(act, error=InputError):
    """The only fault."""
    (found,) = faults(act, error)
    return found
