"""The verb `doctor`."""

from __future__ import annotations

import json


def test_it_gives_json(cli):
    ran = cli("doctor", "--json")
    assert ran.code == 0, ran
    facts = json.loads(ran.out)
    assert facts["ok"] is True
    assert {"Python", "simulator", "lava", "SLURM"} <= {check["name"] for check in facts["checks"]}


def test_it_gives_a_line_a_check(cli):
    ran = cli("doctor")
    assert ran.code == 0, ran
    assert "ok  simulator" in ran.out
