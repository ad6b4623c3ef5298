"""What a reader sees of a run, and of an earlier one beside it."""

import copy
import json

import pytest

from benchmarks import __main__ as cli
from benchmarks import results, table
from benchmarks.growth import fit
from benchmarks.parts import PARTS


def spread(milliseconds):
    return {"median": milliseconds, "min": milliseconds, "max": milliseconds}


def part(**changes):
    return {
        "kind": "workload",
        "title": "dense",
        "whole_ms": spread(0.004),
        "engine_ms": spread(0.003),
        "operations_per_second": 33e9,
        "bytes_per_second": 40e9,
        "limit_ms": 0.002,
        "bound_by": "operations",
        "engine_of_limit": 1.5,
        "whole_of_limit": 2.0,
        "of_limit_allowed": 2,
        "lava_ms": spread(1.0),
        "lava_failures": [],
        "ratio": 250.0,
        "ratio_asked": 200,
        **changes,
    }


def record(**parts):
    parts = {name: {"commit": "abc", "date": "2026-01-01 00:00", **part} for name, part in parts.items()}
    peaks = dict.fromkeys(("row", "scatter", "listed", "product", "product8", "register16", "register32"), 50e9)
    limit = {**peaks, "bandwidth": {"32768": 200e9, "1048576": 90e9}}
    machine = {"processor": "a", "cores": 2, "memory_gb": 8, "python": "3.10"}
    return {"machine": machine, "commit": "abc", "date": "2026-01-01 00:00", "limit": limit, "parts": parts}


def growth():
    curves = [
        {"name": "dense", "activities": [0.1, 0.2, 0.5], "operations": [1e3, 2e3, 5e3], "us": [1.0, 2.0, 5.0]}
        | fit([1e3, 2e3, 5e3], [1.0, 2.0, 5.0])
    ] * 3
    silent = {"fan_outs": [0, 10], "us": [2.0, 2.1], "flat": 1.05}
    memory = [{"kind": "dense", "neurons": 1000, "weights": 10**6, "bytes": 1_200_000, "ratio": 1.2}]
    return {
        "kind": "growth",
        "curves": curves,
        "silent": silent,
        "memory": memory,
        "fit_asked": 0.98,
        "memory_asked": 1.3,
    }


def row(text):
    (line,) = [line for line in text.splitlines() if line.startswith("| dense")]
    return line


def test_the_limit_stands_before_the_ratio():
    line = row(table.speed(record(dense=part()), None))
    assert line == (
        "| dense | 4 µs (3 µs) | 33.0 G, 40.0 GB | 2 µs, by operations | 1.5 × (2.0 ×) of it, aim 2 | 1 ms "
        "| 250 ×, aim 200 | - |"
    )


@pytest.mark.parametrize(("before", "marked"), [(0.0036, False), (0.0034, True), (0.010, False)])
def test_more_than_15_percent_slower_is_marked(before, marked):
    now, then = record(dense=part()), record(dense=part(whole_ms=spread(before)))
    assert ("**slower**" in row(table.speed(now, then))) is marked
    assert table.slower(now, then) == (["dense"] if marked else [])


def test_another_machine_is_named_and_not_held_against():
    now, then = record(dense=part()), record(dense=part(whole_ms=spread(0.001)))
    then["machine"] = {**then["machine"], "processor": "b"}
    assert "ANOTHER machine" in table.speed(now, then)
    assert "**slower**" not in table.speed(now, then)
    assert table.slower(now, then) == []


def test_parts_of_an_earlier_commit_are_named():
    text = table.speed(record(dense=part(), conv=part(commit="old", date="2025-12-31 00:00")), None)
    assert "Measured 2025-12-31 00:00 UTC, commit old: conv." in text
    assert text.count("Measured ") == 1


def test_a_hanging_lava_leaves_its_reason():
    text = table.speed(record(dense=part(lava_ms=None, ratio=None, lava_failures=["took more than 150 s"])), None)
    assert "none: took more than 150 s | - |" in row(text)


def test_readme_between_the_marks():
    text = f"before\n{table.START}\nold\n{table.END}\nafter\n"
    assert table.insert(text, "new") == f"before\n{table.START}\nnew\n{table.END}\nafter\n"
    with pytest.raises(ValueError, match="marks are missing"):
        table.insert("nothing here", "new")


@pytest.mark.parametrize(
    ("milliseconds", "written"), [(0.00612, "6.12 µs"), (0.9, "900 µs"), (12.34, "12.3 ms"), (4321.0, "4.32 s")]
)
def test_times_have_three_digits(milliseconds, written):
    assert table.written_time(milliseconds) == written


def test_growth_is_said_with_what_was_asked():
    (text,) = table.others(record(growth=growth()))
    assert "| dense | 1 ns | " in text
    assert "| to 50 %: R² 1.0000 | - |" in text
    assert "largest over smallest time 1.05." in text
    assert "| dense | 1,000 | 1,200,000 | 1.20 |" in text


def test_peers_that_cannot_be_had_say_why():
    peers = [
        {"title": "one", "ms": spread(2.0), "rate": 0.1, "ratio": 400.0, "reason": ""},
        {"title": "two", "ms": None, "reason": "not installable: no wheel"},
    ]
    part = {"kind": "peers", "title": "dense", "simulator_ms": spread(0.005), "peers": peers}
    (text,) = table.others(record(peers=part))
    assert "| one | 2 ms | 10.0 % | 400 × |" in text
    assert "| two | none: not installable: no wheel |  |  |" in text


def scale(**torch):
    return {
        "kind": "scale",
        "image": [260, 346],
        "neurons": 11_874_664,
        "rates": {"bottom": 0.08, "conv1": 0.2},
        "steps": 15,
        "synaptic_operations": 2.9e9,
        "memory_gb": 1.05,
        "memory_asked_gb": 8,
        "build_s": 0.8,
        "open_s": 1.2,
        "ratio_asked": 3,
        "cpu_s": 1.5,
        "wall_two_s": 0.9,
        "reason": "not installable: no wheel",
        **torch,
    }


def test_scale_with_torch_and_without():
    torch = {"torch_cpu_s": 0.6, "torch_wall_two_s": 0.3, "ratio": 2.5, "ratio_two": 3.0, "reason": ""}
    equal = {"pixels": 89960, "differing_pixels": 0, "differing_layers": []}
    (text,) = table.others(record(scale=scale(**torch, **equal)))
    assert "of each layer 8 to 20 % fire" in text
    assert "| one thread, CPU | 1.5 s | 600 ms | 2.50 |" in text
    assert "0 of 89,960 pixels of the prediction differ; layers with another number of spikes: none." in text
    (text,) = table.others(record(scale=scale()))
    assert "| two threads, wall | 900 ms | not installable: no wheel | - |" in text


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """The command with two quick parts, and all it writes in a folder of its own."""
    measured = []
    limits = copy.deepcopy(record()["limit"])

    def quick(name):
        def measure(context):
            measured.append(name)
            return part(title=name, whole_ms=spread(0.001 * len(measured)))

        return measure

    known = {"dense": quick("dense"), "conv": quick("conv"), "growth": lambda context: growth()}
    monkeypatch.setattr(cli, "PARTS", known)
    monkeypatch.setattr(cli, "probe", lambda *_, **__: cli.Machine.from_json(limits))
    monkeypatch.setattr(results, "ACCEPTED", tmp_path / "accepted.json")
    monkeypatch.setattr(cli, "PICTURE", tmp_path / "images/growth.png")
    monkeypatch.setattr(cli, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(cli, "README", tmp_path / "README.md")

    def command(*arguments):
        return cli.main(["--json", str(tmp_path / "now.json"), *arguments])

    command.measured, command.folder = measured, tmp_path
    return command


def test_only_and_resume(bench):
    assert bench("--only", "conv") == 0
    assert bench("--resume") == 0
    assert bench.measured == ["conv", "dense"]
    kept = json.loads((bench.folder / "now.json").read_text())
    assert list(kept["parts"]) == ["dense", "conv", "growth"]  # in the order of PARTS
    assert bench() == 0
    assert bench.measured == ["conv", "dense", "dense", "conv"]


def test_accepting_needs_all_parts(bench, capsys):
    assert bench("--accept") == 2
    assert bench("--only", "conv") == 0
    assert bench("--accept") == 2
    assert "lacks dense, growth:" in capsys.readouterr().err
    assert not (bench.folder / "accepted.json").exists()


def test_a_slower_later_run_is_seen(bench, capsys):
    (bench.folder / "README.md").write_text(f"{table.START}\n{table.END}\n")
    assert bench("--readme") == 2  # nothing accepted yet
    bench()
    assert bench("--accept") == 0
    marked = (bench.folder / "README.md").read_text()
    (bench.folder / "README.md").write_text("nothing here")
    assert bench("--readme") == 2
    assert "the marks are missing" in capsys.readouterr().err
    (bench.folder / "README.md").write_text(marked)
    assert bench("--readme") == 0
    assert (bench.folder / "images/growth.png").stat().st_size > 10_000
    assert "| dense |" in (bench.folder / "README.md").read_text()
    assert bench("--markdown", str(bench.folder / "later.md")) == 0
    assert "slower than the accepted run: dense" in capsys.readouterr().err
    assert "**slower**" in (bench.folder / "later.md").read_text()


def test_the_accepted_run_holds_every_part_and_readme_shows_it():
    accepted = results.load(results.ACCEPTED)
    if accepted is None:
        pytest.skip("no run accepted yet")
    assert set(accepted["parts"]) == set(PARTS)
    assert cli.PAGE.read_text().startswith("# Benchmarks")
    readme = cli.README.read_text()
    if table.START in readme:
        assert table.insert(readme, table.speed(accepted, None)) == readme
