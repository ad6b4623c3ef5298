"""Loihi's integer arithmetic at its edges, and weights against Lava's own clipping and truncation.

Wanted values follow from lava-nc 0.10.0, proc/lif/models.py (AbstractPyLifModelFixed) by hand.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurokit.graph.check import weight_fault
from neurokit.graph.neurons import LoihiLIF
from neurokit.lower.fixedpoint import MAX_POTENTIAL, chip_weights, lif_step, shift, wrap24, wrap32

HALF = 2**23


def step(u=0, v=0, a=0, **changes):
    """One step of one neuron without leak of u, full decay of v, never firing unless `changes` say so."""
    values = {"current_decay": 0, "voltage_decay": 4096, "threshold": HALF, **changes}
    found = lif_step(LoihiLIF(**values), np.array([u]), np.array([v]), np.array([a]))
    return tuple(int(x[0]) for x in found)


class TestCurrent:
    @pytest.mark.parametrize(("before", "a", "after"), [
        (HALF - 64, 1, HALF),  # exactly 2**23 stays
        (HALF - 63, 1, 1 - HALF),
        (-HALF + 64, -1, HALF),  # exactly -2**23 becomes +2**23
        (-HALF + 65, -1, 1 - HALF),
        (-HALF + 63, -1, HALF - 1),
        (0, 2**17, HALF),
        (0, -(2**17), HALF),
        (0, 2**17 + 1, 64 - HALF),
        (0, 2**18, 0),
        (0, 3 * 2**17, HALF),  # 2**23 too high after one wrap: there is no second one
        (0, 2**19, 2**24),
        (0, 2**26, 0),  # int32 wraps before
        (5, 2**26, 5),
        (0, 2**25, -(2**31) + 2**24),
    ])  # fmt: skip
    def test_wraps_once(self, before, a, after):
        assert step(u=before, a=a)[0] == after

    @pytest.mark.parametrize(("decay", "before", "after"), [
        (0, 12345, 12345),
        (0, -12345, -12345),
        (1, 4096, 4095),
        (1, -4096, -4095),
        (1, 1, 0),
        (1, -1, 0),  # towards zero, not down
        (1, 4095, 4094),
        (1, -4095, -4094),
        (2048, 3, 1),
        (2048, -3, -1),
        (4095, 4095, 0),
        (4095, 4096, 1),
        (4095, -4096, -1),
        (4096, HALF, 0),
        (4096, -HALF + 1, 0),
    ])  # fmt: skip
    def test_decay_rounds_towards_zero(self, decay, before, after):
        assert step(u=before, current_decay=decay)[0] == after

    def test_adds_input_after_decay(self):
        assert step(u=1000, a=-3, current_decay=2048)[0] == 500 - 192


class TestPotential:
    @pytest.mark.parametrize(("v", "u", "after"), [
        (MAX_POTENTIAL, 64, MAX_POTENTIAL),
        (MAX_POTENTIAL - 64, 64, MAX_POTENTIAL),
        (MAX_POTENTIAL - 65, 64, MAX_POTENTIAL - 1),
        (-MAX_POTENTIAL, -64, -MAX_POTENTIAL),
        (0, HALF, MAX_POTENTIAL),  # u holds 2**23, v does not
        (0, 1 - HALF, -MAX_POTENTIAL),
        (MAX_POTENTIAL, -HALF + 1, 0),
    ])  # fmt: skip
    def test_saturates(self, v, u, after):
        assert step(u=u, v=v, voltage_decay=0)[1] == after

    @pytest.mark.parametrize("decay", [0, 1, 128, 4095, 4096])
    @pytest.mark.parametrize("v", [MAX_POTENTIAL, 4095, 1, -1, -4095, -MAX_POTENTIAL])
    def test_decay_rounds_towards_zero(self, decay, v):
        wanted = int(np.sign(v)) * ((abs(v) * (4096 - decay)) // 4096)
        assert step(v=v, voltage_decay=decay)[1] == wanted

    def test_u_of_the_same_step_counts_even_with_full_decay(self):
        assert step(a=2, current_decay=4096)[:2] == (128, 128)

    @pytest.mark.parametrize(("mantissa", "exponent", "bias"), [
        (5, 0, 5), (5, 3, 40), (-5, 3, -40), (4095, 7, 524160), (5, -1, 2), (-5, -1, -3), (-1, -7, -1), (127, -7, 0),
    ])  # fmt: skip
    def test_bias(self, mantissa, exponent, bias):
        """A negative exponent shifts right, which rounds down (np.right_shift in Lava)."""
        assert step(bias_mantissa=mantissa, bias_exponent=exponent)[1] == bias

    def test_bias_saturates_too(self):
        assert step(v=MAX_POTENTIAL, voltage_decay=0, bias_mantissa=4095, bias_exponent=7)[1] == MAX_POTENTIAL


class TestSpikes:
    @pytest.mark.parametrize(("v", "spike"), [(639, 0), (640, 0), (641, 1)])
    def test_strictly_above_the_threshold(self, v, spike):
        assert step(v=v, voltage_decay=0, threshold=640)[2] == spike

    def test_hard_reset(self):
        assert step(v=700, u=3, voltage_decay=0, threshold=640) == (3, 0, 1)
        assert step(v=700, voltage_decay=0, threshold=640, reset_value=-50)[1] == -50

    def test_soft_reset(self):
        assert step(v=700, voltage_decay=0, threshold=640, reset="soft", reset_value=640)[1] == 60

    def test_a_threshold_at_the_top_never_fires(self):
        assert step(v=MAX_POTENTIAL, voltage_decay=0, a=1000, threshold=HALF - 1)[2] == 0
        assert step(v=MAX_POTENTIAL, voltage_decay=0, a=0, threshold=HALF - 2)[2] == 1

    def test_a_readout_never_fires(self):
        assert step(v=MAX_POTENTIAL, voltage_decay=0, threshold=0, emits=False) == (0, MAX_POTENTIAL, 0)

    def test_parameters_a_neuron(self):
        neuron = LoihiLIF([0, 4096], [0, 4096], [63, 64], bias_mantissa=[1, 2], bias_exponent=[0, 1])
        u, v, s = lif_step(neuron, np.array([10, 10]), np.array([10, 10]), np.array([1, 1]))
        assert (u.tolist(), v.tolist(), s.tolist()) == ([74, 64], [0, 0], [True, True])


class TestNumbers:
    @given(st.integers(-(2**40), 2**40))
    def test_wrap24(self, value):
        found = int(wrap24(value))
        assert -HALF <= found < HALF
        assert (found - value) % 2**24 == 0

    @given(st.integers(-(2**40), 2**40))
    def test_wrap32(self, value):
        found = int(wrap32(value))
        assert -(2**31) <= found < 2**31
        assert (found - value) % 2**32 == 0

    @pytest.mark.parametrize(("value", "exponent", "wanted"), [
        (5, 0, 5), (5, 2, 20), (5, -1, 2), (-5, -1, -3), (-1, -8, -1), (-5, 2, -20),
    ])  # fmt: skip
    def test_shift_rounds_down(self, value, exponent, wanted):
        assert int(shift(value, exponent)) == wanted


def sound_weights(seed):
    rng = np.random.default_rng(seed)
    low, high, unit = [(-128, 127, 1), (-256, 254, 2), (0, 255, 1), (-255, 0, 1), (0, 0, 1), (-1, 1, 1)][
        rng.integers(6)
    ]
    return rng.integers(low // unit, high // unit + 1, (int(rng.integers(1, 5)), int(rng.integers(1, 6)))) * unit


class TestChipWeights:
    @settings(max_examples=200, deadline=None)
    @given(st.integers(0, 2**31), st.integers(-7, 7), st.integers(1, 2**16))
    def test_laws(self, seed, exponent, payload):
        """Lava keeps the mantissas bit for bit, and they compute what the Program means for every payload."""
        from lava.utils.weightutils import SignMode, clip_weights, determine_sign_mode, truncate_weights

        weights = sound_weights(seed)
        assert weight_fault(weights) is None
        chip = chip_weights(weights, exponent)
        mantissa = chip.mantissa.astype(np.int64)
        mode = determine_sign_mode(mantissa)
        assert isinstance(mode, SignMode)
        clipped = clip_weights(mantissa, mode, num_bits=8)
        kept = truncate_weights(clipped, mode, num_weight_bits=chip.bits, max_num_weight_bits=8)
        np.testing.assert_array_equal(kept, mantissa)
        rng = np.random.default_rng(seed)
        x = rng.integers(-payload, payload + 1, weights.shape[1])
        np.testing.assert_array_equal(shift(mantissa @ x, chip.exponent), shift(weights @ x, exponent))

    def test_doubling_where_the_lowest_bit_would_be_lost(self):
        chip = chip_weights([[-1, 127]], 0)
        assert (chip.mantissa.tolist(), chip.exponent) == ([[-2, 254]], -1)
        chip = chip_weights([[-2, 126]], 3)
        assert (chip.mantissa.tolist(), chip.exponent) == ([[-2, 126]], 3)
        chip = chip_weights([[1, 255]], 3)
        assert (chip.mantissa.tolist(), chip.exponent) == ([[1, 255]], 3)
        assert chip_weights(np.zeros((0, 3)), 1).mantissa.shape == (0, 3)

    @given(st.integers(-(2**30), 2**30), st.integers(1, 8))
    def test_twice_the_sum_shifted_once_more(self, total, places):
        assert (2 * total) >> places == total >> (places - 1)
