"""What a Program may not hold: every fault has a message that names the node."""

import numpy as np
import pytest
import scipy.sparse as sp

from neurokit.graph.check import check_program, weight_fault
from neurokit.graph.neurons import IF, LoihiLIF
from neurokit.graph.synapses import (
    Dense,
    Flatten,
    Injection,
    Sparse,
)
from tests.graph.test_check import ODD, ONES, message, messages, program


class TestProgram:
    def test_other_neurons(self):
        assert message(program(IF())) == "'p0': neuron is IF; a Program holds integer neurons. Call nk.compile."

    @pytest.mark.parametrize(("changes", "fact"), [
        ({"current_decay": -1}, "current_decay is -1; Loihi holds 0 to 4096 (12-bit decay; 4096 is full decay)"),
        ({"current_decay": [0, 4097]}, "current_decay is 4097; Loihi holds 0 to 4096"),
        ({"voltage_decay": -1}, "voltage_decay is -1; Loihi holds 0 to 4096"),
        ({"voltage_decay": 4097}, "voltage_decay is 4097; Loihi holds 0 to 4096"),
        ({"threshold": -1}, "threshold is -1; Loihi holds 0 to 8388544 (17-bit mantissa << 6)"),
        ({"threshold": 8388545}, "threshold is 8388545; Loihi holds 0 to 8388544"),
        ({"bias_mantissa": -4097}, "bias mantissa is -4097; Loihi holds -4096 to 4095 (13 bits signed)"),
        ({"bias_mantissa": [4096, 0]}, "bias mantissa is 4096; Loihi holds -4096 to 4095"),
        ({"bias_exponent": 8}, "bias exponent is 8; Loihi holds -7 to 7 (3 bits)"),
        ({"bias_exponent": -8}, "bias exponent is -8; Loihi holds -7 to 7"),
        ({"reset_interval": -1}, "the reset schedule is negative; interval and offset are at least 0"),
        ({"reset_offset": -1}, "the reset schedule is negative; interval and offset are at least 0"),
    ])  # fmt: skip
    def test_ranges_of_the_neuron(self, changes, fact):
        values = {"current_decay": 0, "voltage_decay": 0, "threshold": 64, **changes}
        assert message(program(LoihiLIF(**values))).startswith(f"'p0': {fact}")

    def test_the_ends_of_the_ranges_are_sound(self):
        check_program(program(LoihiLIF(0, 4096, 8388544, bias_mantissa=-4096, bias_exponent=7)))
        check_program(program(LoihiLIF(4096, 0, 0, bias_mantissa=4095, bias_exponent=-7)))

    @pytest.mark.parametrize("value", [2**31, -(2**31) - 1, -16_320_000_000])
    def test_a_reset_value_beyond_the_state(self, value):
        """v has 24 bits; the simulator holds 32, lif_step 64: they part where a reset value has more."""
        assert "reset" in message(program(LoihiLIF(4096, 0, 640, reset_value=value)))

    def test_a_chain(self):
        chain = (Dense(np.ones((2, 2), int)), Dense(np.ones((2, 2), int)))
        found = message(program(synapse=chain))
        assert found == "'in->p0': chains 2 maps; a Program has one a projection. Call nk.compile."

    def test_a_map_without_weights(self):
        found = message(program(synapse=Flatten()))
        assert found == "'in->p0': is a Flatten; a Program holds weights only. Call nk.compile."

    def test_float_weights(self):
        found = message(program(synapse=ONES))
        wanted = "'in->p0': weights are not whole numbers; a Program holds integers only. Quantise and round them."
        assert found == wanted

    @pytest.mark.parametrize("delay", [0, [[0], [1]]])
    def test_no_delay(self, delay):
        found = message(program(delay=delay))
        assert found.startswith("'in->p0': has no delay; every connection of Loihi takes at least one step. Give it a")

    @pytest.mark.parametrize("delay", [64, [[1], [64]]])
    def test_delays(self, delay):
        low, high = np.min(delay), np.max(delay)
        found = message(program(delay=delay))
        assert found.startswith(f"'in->p0': delays run from {low} to {high} steps; whole steps from 1 to 63")

    def test_delays_that_are_no_integers(self):
        assert message(program(delay=1.5)).startswith("'in->p0': delays run from 1.5 to 1.5 steps; whole steps")
        check_program(program(delay=63))

    def test_a_delayed_current(self):
        found = message(program(synapse=Injection(), delay=1))
        assert found == "'in->p0': a delayed current; injected currents arrive in their own step. Set delay 0."
        check_program(program(synapse=Injection(), delay=0))

    @pytest.mark.parametrize("exponent", [-40, 24, 31, 40])
    def test_weight_exponents(self, exponent):
        """Loihi's weight exponents run from -8 to 7; from 24 on the simulator's int32 weights do not suffice."""
        assert "exponent" in message(program(synapse=Dense(np.full((2, 2), 100), exponent=exponent)))

    @pytest.mark.parametrize("exponent", [-7, 7])
    def test_weight_exponents_that_loihi_has(self, exponent):
        check_program(program(synapse=Dense(np.full((2, 2), 100), exponent=exponent)))


class TestWeightsOfLoihi:
    @pytest.mark.parametrize("values", [
        [-128, 127], [-1, 0, 1], [0, 255], [-255, 0], [1, 255], [-256, 254], [-200, 3 * 2], [0], [], [5], [-255],
    ])  # fmt: skip
    def test_sound(self, values):
        assert weight_fault(np.array(values, int)) is None

    @pytest.mark.parametrize(("values", "fact", "limit"), [
        ([0, 256], "a weight is 256", "weights of one sign reach 255"),
        ([-256, 0], "a weight is -256", "weights of one sign reach 255"),
        ([-1, 255], "weights run from -1 to 255", "weights of mixed sign reach from -256 to 254"),
        ([-258, 2], "weights run from -258 to 2", "weights of mixed sign reach from -256 to 254"),
        ([-1, 128], "odd weights beyond +-127 (they run from -1 to 128)", ODD),
        ([-129, 2], "odd weights beyond +-127 (they run from -129 to 2)", ODD),
    ])  # fmt: skip
    def test_faults(self, values, fact, limit):
        found = weight_fault(np.array(values))
        assert found is not None
        assert found[:2] == (fact, limit)
        (named,) = messages(program(synapse=Dense(np.resize(values, (2, 2)))))
        assert named.startswith(f"'in->p0': {fact}; {limit}. ")

    def test_sparse_weights(self):
        weight = sp.csr_matrix(np.array([[300, 0], [0, 1]]))
        assert message(program(synapse=Sparse(weight))).startswith("'in->p0': a weight is 300")


def test_all_faults_of_a_program_come_at_once():
    neuron = LoihiLIF(-1, 4097, -5, 5000, 9, reset_interval=-1)
    found = "\n".join(messages(program(neuron, Dense(np.full((2, 2), 300)), 99)))
    for part in ("current_decay", "voltage_decay", "threshold", "bias mantissa", "bias exponent", "schedule", "300"):
        assert part in found
    assert "delays run" in found
