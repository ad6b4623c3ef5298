"""What `check` says of a graph that is not sound."""

import pytest

from neurokit.errors import GraphError
from neurokit.graph.check import check_network, check_program
from neurokit.graph.network import Program


def messages(graph):
    check = check_program if isinstance(graph, Program) else check_network
    with pytest.raises(GraphError) as caught:
        check(graph)
    for fault in caught.value.faults:
        assert all((fault.node, fault.fact, fault.limit, fault.mend)), fault
        assert fault.mend[-1] in ".?", fault
    return [str(fault) for fault in caught.value.faults]


def message(graph):
    (found,) = messages(graph)
    return found
