"""Where results may go: nothing half written, nothing lost."""

import os
import stat
from pathlib import Path

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import OutputError
from neurokit.files import check_writable, written_aside
from tests.cli.sources import DT


def write(verb, files):
    """Arguments of a verb that writes, without the output; and the output's suffix."""
    return {
        "convert": (("convert", files.nir, *DT), ".nk"),
        "compile": (("compile", files.net), ".nk"),
        "run": (("run", files.program, files.data), ".npz"),
        "report": (("report", files.program, files.data, "--lava", 1), ".html"),
        "demo": (("demo",), ".html"),
    }[verb]


each_verb = pytest.mark.parametrize("verb", ["convert", "compile", "run", "report", "demo"])


def left_behind(folder):
    return sorted(path.name for path in Path(folder).iterdir())


@each_verb
def test_unwritable_places(refused, files, tmp_path, verb):
    (tmp_path / "file").write_text("kept")
    arguments, suffix = write(verb, files)
    (tmp_path / f"folder{suffix}").mkdir()
    os.mkfifo(tmp_path / f"pipe{suffix}")
    before = left_behind(tmp_path)
    for path, words in {
        f"missing/x{suffix}": "No such file or directory",
        f"file/x{suffix}": "Not a directory",
        f"/proc/nope{suffix}": "cannot be written",
        f"folder{suffix}": "is a folder",
        f"pipe{suffix}": "is a device or pipe",
        f"{'x' * 300}{suffix}": "File name too long",
        "x.txt": f"the result is a {suffix} file",
        "x": f"Name it x{suffix}.",
    }.items():
        refused(2, *arguments, "-o", path, words=[f"'{path}'", words])
    assert left_behind(tmp_path) == before


def test_devices_are_not_replaced(tmp_path):
    """Renaming a file over /dev/null, which root can, would take it from everybody."""
    for device in ("/dev/null", "/dev/full"):
        with pytest.raises(OutputError, match="is a device or pipe"):
            check_writable(device)
        assert stat.S_ISCHR(os.stat(device).st_mode)


@pytest.mark.parametrize("verb", ["convert", "compile", "run", "report"])
def test_an_existing_file_is_replaced_at_once(cli, files, tmp_path, verb):
    arguments, suffix = write(verb, files)
    path = tmp_path / f"x{suffix}"
    path.write_text("old")
    path.chmod(0o640)
    os.link(path, tmp_path / "old")
    assert cli(*arguments, "-o", path.name).code == 0
    assert (tmp_path / "old").read_text() == "old"  # a new file took its name; the old one was not written into
    assert path.stat().st_size > 100
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("verb", ["convert", "compile", "run", "report"])
def test_an_existing_file_is_kept_when_the_command_fails(cli, files, tmp_path, verb):
    arguments, suffix = write(verb, files)
    np.save("bad.npy", np.full((4, 6), np.nan))
    bad = {"convert": (*arguments, "--reset", "medium"), "compile": (*arguments, "--bits", 3)}
    failing = bad.get(verb, (verb, files.program, "bad.npy"))
    path = tmp_path / f"x{suffix}"
    path.write_text("old")
    assert cli(*failing, "-o", path.name).code == 2
    assert path.read_text() == "old"
    assert left_behind(tmp_path) == ["bad.npy", path.name]


@pytest.mark.parametrize("verb", ["convert", "compile"])
def test_a_source_is_not_replaced(refused, files, tmp_path, verb):
    copy = tmp_path / "copy.nk"
    copy.write_bytes(files.network.read_bytes())
    (tmp_path / "link.nk").symlink_to(copy)
    for name in ("copy.nk", "./copy.nk", "link.nk"):
        refused(2, verb, "copy.nk", "-o", name, words=[f"'{Path(name)}'", "is read by this command"])
    assert isinstance(nk.load(copy), nk.Network)


def test_behind_a_link_the_file_is_replaced(cli, files, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link.nk").symlink_to(tmp_path / "there" / "file.nk")
    assert cli("compile", files.net, "-o", "link.nk").code == 0
    assert (tmp_path / "link.nk").is_symlink()
    assert left_behind(tmp_path / "there") == ["file.nk"]


def test_the_usual_permissions(cli, files, tmp_path):
    former = os.umask(0o027)
    try:
        assert cli("compile", files.net, "-o", "x.nk").code == 0
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "x.nk").stat().st_mode) == 0o640


def test_twice_in_a_row(cli, files, tmp_path):
    first = cli("compile", files.nir, *DT, "-o", "x.nk")
    content = nk.load(tmp_path / "x.nk")
    assert cli("compile", files.nir, *DT, "-o", "x.nk") == first
    data = np.load(files.data)
    again = nk.run(nk.load(tmp_path / "x.nk"), data)
    np.testing.assert_array_equal(again.spikes["last"], nk.run(content, data).spikes["last"])


class TestWrittenAside:
    @pytest.mark.parametrize("error", [ValueError("ours"), KeyboardInterrupt()])
    def test_any_failure_leaves_the_old_file_alone(self, tmp_path, error):
        path = tmp_path / "x"
        path.write_text("old")

        def fail():
            with written_aside(path) as aside:
                aside.write_text("half")
                raise error

        with pytest.raises(type(error)):
            fail()
        assert path.read_text() == "old"
        assert left_behind(tmp_path) == ["x"]

    def test_a_full_disk(self, tmp_path):
        with pytest.raises(OutputError, match="No space left") as caught, written_aside(tmp_path / "x"):
            Path("/dev/full").write_text("much")
        assert "'" + str(tmp_path / "x") + "'" in str(caught.value)
        assert left_behind(tmp_path) == []

    def test_a_folder_that_goes_meanwhile(self, tmp_path):
        folder = tmp_path / "folder"
        folder.mkdir()

        def lose():
            with written_aside(folder / "x") as aside:
                aside.unlink()
                folder.rmdir()

        with pytest.raises(OutputError, match="No such file"):
            lose()

    def test_checking_leaves_nothing(self, tmp_path):
        (tmp_path / "x").write_text("old")
        check_writable(tmp_path / "x")
        check_writable(tmp_path / "y")
        assert left_behind(tmp_path) == ["x"]
        assert (tmp_path / "x").read_text() == "old"
