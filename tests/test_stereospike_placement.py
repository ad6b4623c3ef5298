"""The tool that states StereoSpike's size on Loihi 2, on a tiny one: counts against loops, rows kept, the table."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tools import stereospike_placement as tool

TINY, CHANNELS = (20, 26), 3


def sizes_of(shape):
    """Rows and columns of the five encoder levels: a stride of 2 each."""
    found = [shape]
    for _ in range(4):
        found.append(tuple(-(-n // 2) for n in found[-1]))
    return found


def neurons(shape, channels):
    """Spiking neurons and readout of v2, level by level: encoder, four of the residual blocks, decoder, depth."""
    pixels = [rows * columns for rows, columns in sizes_of(shape)]
    encoder = [channels * 2**k * pixels[k] for k in range(5)]
    return sum(encoder) + 4 * encoder[4] + sum(encoder[:4]) + pixels[0]


def plain_connections(source, target, kernel, stride=1, resized=None):
    """Pairs of pixels, by loops. resized: an image that much larger than the target's, which needs no padding."""
    image, edge = (source, kernel // 2) if resized is None else (resized, 0)
    pairs = 0
    for row in range(target[0]):
        for column in range(target[1]):
            seen = [(row * stride + r - edge, column * stride + c - edge) for r in range(kernel) for c in range(kernel)]
            inside = [(r, c) for r, c in seen if 0 <= r < image[0] and 0 <= c < image[1]]
            pairs += len({(r * source[0] // image[0], c * source[1] // image[1]) for r, c in inside})
    return pairs


def plain_up(source, target, kernel=5):
    """The decoder: to the nearest neighbour, larger than the target by what the kernel takes off, then convolved."""
    return plain_connections(source, target, kernel, resized=tuple(n + kernel - 1 for n in target))


@pytest.mark.parametrize("schedule", ["pipeline", "hold"])
def test_v2s_row(schedule):
    row = tool.measured("v2", "quarter", schedule, TINY, CHANNELS)
    assert row.neurons == neurons(TINY, CHANNELS)
    assert (row.relays, row.latency) == (0, 15)
    assert row.synapses[0] < row.synapses[1]
    assert row.not_stock["resized"] == 17
    assert row.not_stock.get("delayed", 0) == (13 if schedule == "pipeline" else 0)
    assert row.cores >= 14
    assert row.chips == -(-row.cores // 120)


def test_v3s_row():
    row = tool.measured("v3", "quarter", "hold", TINY, CHANNELS)
    levels = [rows * columns for rows, columns in sizes_of(TINY)]
    relays = 4 * levels[0] + sum(CHANNELS * 2**k * levels[k + 1] for k in range(4)) + 4 * 16 * CHANNELS * levels[4]
    relays += sum(CHANNELS * 2 ** (k + 1) * levels[k] for k in range(4))
    assert row.relays == relays
    assert row.neurons == neurons(TINY, CHANNELS) + relays
    assert row.not_stock["relays"] == 13


def test_connections_are_those_of_plain_loops():
    program = tool.compiled("v2", TINY, "hold", CHANNELS)
    levels = sizes_of(TINY)
    wanted = {
        "events->bottom": plain_connections(TINY, TINY, 5) * 4 * 3,
        "bottom->conv1": plain_connections(levels[0], levels[1], 5, stride=2) * 3 * 6,
        "conv4->bottleneck.0.conv1": plain_connections(levels[4], levels[4], 3) * 48 * 48,
        "conv4->deconv4": plain_up(levels[4], levels[3]) * 48 * 24,
        "deconv2->depth": plain_up(levels[1], levels[0], kernel=3) * 6,
        "deconv2->deconv1": plain_up(levels[1], levels[0]) * 6 * 3,
    }
    found = {p.name: tool.connections(program, p) for p in program.projections}
    assert {name: found[name] for name in wanted} == wanted


def test_stock_parts_have_a_row_of_their_own():
    row = tool.measured("v2", "quarter", "stock", TINY, CHANNELS)
    held = tool.measured("v2", "quarter", "hold", TINY, CHANNELS)
    assert row.not_stock == {}
    assert row.neurons == held.neurons
    assert 0.8 * held.synapses[1] < row.synapses[1] < held.synapses[1]  # weights and sums that are 0 are not listed


def test_rows_are_kept_and_the_page_is_written_with_them(tmp_path, monkeypatch):
    asked = []

    def measured(net, size, schedule, shape):
        asked.append((net, size, schedule))
        return tool.Row(
            net, size, schedule, 1000, 0, (10, 20), 130, 2, 15, ("depth", 9), ("neurons", 99), {"resized": 3},
            ("deconv4: is too large",), 1.0, 2**30,
        )  # fmt: skip

    monkeypatch.setattr(tool, "measured", measured)
    monkeypatch.setattr(tool, "PAGE", tmp_path / "page.md")
    tool.PAGE.write_text(f"before\n{tool.BEGIN}stale\n{tool.END}after\n")
    words = ["tool", "--net", "v2", "--size", "half", "--rows", str(tmp_path / "rows.json")]
    for _ in range(2):
        monkeypatch.setattr("sys.argv", words)
        tool.main()
    assert asked == [("v2", "half", "pipeline"), ("v2", "half", "hold")]
    assert len(json.loads((tmp_path / "rows.json").read_text())) == 2
    page = tool.PAGE.read_text()
    assert page.startswith(f"before\n{tool.BEGIN}| net, size")
    assert page.endswith(f"{tool.END}after\n")
    assert "stale" not in page
    assert "| v2, half | hold, 15 | 0.00 M | 1e-08 G / 2e-08 G | 130 | 2 (does not fit) |" in page
    assert "* v2, half, hold does not fit: deconv4: is too large." in page


def test_the_small_net_has_one_size():
    assert tool.jobs(["small"], ["full", "half"]) == [("small", "quarter", s) for s in ("pipeline", "hold", "stock")]
    assert np.load(tool.TRAINED)["bottom.0.weight"].shape[0] == 6


def test_a_page_without_the_marks_is_left_alone():
    for page in ("a\n", f"a\n{tool.BEGIN}rest of the page\n"):
        with pytest.raises(ValueError, match="the marks are missing"):
            tool.rewritten(page, "new\n")
