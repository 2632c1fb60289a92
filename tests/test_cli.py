"""The command line: results a person can read, errors of one line, honest exit statuses."""

import json
import os
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import reptheory
from reptheory.build import parallel
from reptheory.build.exporters.formats import FORMATS
from reptheory.build.library import build_table
from reptheory.cli import main
from reptheory.errors import StoreError
from reptheory.tables.store import store
from reptheory.tables.table import read_table

ROOT = Path(__file__).parents[1]
COMMANDS = ("build", "cache", "show", "verify", "export", "info", "diff", "report")


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REPTHEORY_CACHE", str(tmp_path / "cache"))

    def call(*arguments):
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="reptheory")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


def one_line(result, status):
    """Check that a result is one line of error, and return the line."""
    assert result.exit_code == status, result.output
    assert result.output.startswith("reptheory: ")
    assert result.output.count("\n") == 1
    return result.output


def test_version_and_help(run):
    assert run("--version").output == f"reptheory {reptheory.__version__}\n"
    text = run("--help").output
    assert all(command in text for command in COMMANDS)
    for command in COMMANDS:
        result = run(command, "--help")
        assert result.exit_code == 0
        assert max(map(len, result.output.splitlines())) <= 120
    assert "wigner_d_pi_half" in run("build", "--help").output


def test_build_writes_the_canonical_file(run, tmp_path):
    result = run("build", "gaunt", "--lmax", "2")
    assert result.exit_code == 0, result.output
    assert "162 rows" in result.output
    assert "324 floats proven" in result.output
    table = read_table(tmp_path / "gaunt-real-lmax2-out4.npz")
    assert table == build_table("gaunt", 2)


def test_build_takes_every_option(run, tmp_path):
    assert (
        run("build", "gaunt", "--lmax", 2, "--basis", "complex", "--lmax-out", 1, "-o", "a.npz").exit_code
        == 0
    )
    assert read_table(tmp_path / "a.npz") == build_table("gaunt", 2, basis="complex", lmax_out=1)
    assert (
        run("build", "theta_projection", "--lmax", 2, "--band-limit", 4, "--output", "b.npz").exit_code == 0
    )
    assert read_table(tmp_path / "b.npz") == build_table("theta_projection", 2, band_limit=4)


def test_the_command_of_a_table_rebuilds_it(run, tmp_path):
    table = build_table("harmonics_from_fourier", 2, basis="real", band_limit=3)
    assert run(*table.key.command.split()[1:]).exit_code == 0
    assert read_table(tmp_path / table.key.file_name) == table


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("build", "gaunt"), "--lmax"),
        (("build", "magic", "--lmax", "1"), "magic"),
        (("build", "gaunt", "--lmax", "x"), "--lmax"),
        (("build", "gaunt", "--lmax", "-1"), "lmax: got -1"),
        (("build", "gaunt", "--lmax", "1", "--basis", "cubic"), "--basis"),
        (("build", "gaunt", "--lmax", "1", "--lmax-out", "3"), "lmax_out"),
        (("build", "gaunt", "--lmax", "1", "--band-limit", "3"), "band_limit"),
        (("build", "wigner_3j", "--lmax", "1", "--basis", "real"), "basis"),
        (("show", "gaunt"), "labels: got 0"),
        (("show", "gaunt", "1", "1"), "labels"),
        (("show", "gaunt", "1", "1", "x"), "l3"),
        (("verify",), "FILE"),
        (("export", "x.npz"), "--to"),
        (("export", "x.npz", "--to", "hdf5"), "hdf5"),
        (("nonsense",), "nonsense"),
        (("--nonsense",), "--nonsense"),
        (("report", "--all", "water"), "--all"),
        (("report", "--lmax", "0"), "--lmax"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(run, arguments, words):
    assert words in one_line(run(*arguments), 2)


def test_a_table_that_does_not_fit_is_refused(run):
    assert "B of memory" in one_line(run("build", "gaunt", "--lmax", "100000"), 1)


def test_build_into_an_impossible_place(run, tmp_path):
    assert "no folder" in one_line(run("build", "gaunt", "--lmax", "0", "-o", "absent/x.npz"), 1)
    os.mkfifo(tmp_path / "pipe")
    assert "regular file" in one_line(run("build", "gaunt", "--lmax", "0", "-o", "pipe"), 1)
    assert sorted(os.listdir(tmp_path)) == ["pipe"]


def test_show_a_block(run):
    result = run("show", "gaunt", 2, 1, 3)
    assert result.exit_code == 0
    assert "√(3/(28π))" in result.output
    assert "0.1846743909223718" in result.output
    assert "real basis" in result.output


def test_show_a_value_with_negative_labels(run):
    result = run("show", "clebsch_gordan", "--basis", "complex", "--", 1, 1, 2, -1, 1, 0)
    assert "√(1/6)" in result.output


def test_show_cuts_and_says_so(run):
    result = run("show", "gaunt", 2, 2, 2, "--limit", 3)
    assert "more rows" in result.output
    assert "more rows" not in run("show", "gaunt", 2, 2, 2, "--limit", 0).output
    assert "selection rule" in run("show", "gaunt", 1, 1, 1).output


def test_verify_holds(run):
    build_table("gaunt", 2).save("a.npz")
    build_table("wigner_3j", 1).save("b.npz")
    result = run("verify", "a.npz", "b.npz")
    assert result.exit_code == 0, result.output
    assert result.output.count("holds") == 2
    assert "324 floats proven" in result.output


def test_verify_names_what_is_wrong(run):
    table = build_table("gaunt", 2)
    good = table.save("good.npz")
    data = good.read_bytes()
    Path("short.npz").write_bytes(data[:-10])
    Path("flipped.npz").write_bytes(data[:5000] + bytes([data[5000] ^ 1]) + data[5001:])
    values = table.float64.copy()
    values[7] = np.nextafter(values[7], 9)
    replace(table, float64=values).save("mutant.npz")
    signs = table.sign.copy()
    signs[7] *= -1
    replace(table, sign=signs, float64=signs * abs(values), float32=signs * abs(table.float32)).save(
        "lie.npz"
    )
    Path("cut.npz").write_bytes(data[:1000])
    for name, words in (
        ("cut.npz", "ends too early"),
        ("short.npz", "bytes where its manifest promises"),
        ("flipped.npz", "SHA-256"),
        ("mutant.npz", "row 7 "),
        ("lie.npz", "sign differs"),
        ("absent.npz", "no such file"),
        (".", "regular file"),
    ):
        line = one_line(run("verify", name), 1)
        assert words in line
        assert name in line
    result = run("verify", "short.npz", "good.npz")
    assert result.exit_code == 1
    assert "good.npz: holds" in result.output  # one bad file does not hide the others


def test_export(run, tmp_path):
    table = build_table("gaunt", 1)
    table.save("table.npz")
    assert run("export", "table.npz", "--to", "json").exit_code == 0
    assert json.loads((tmp_path / "table.json").read_text())["manifest"] == table.manifest
    assert run("export", "table.npz", "--to", "npz", "--output", "copy.npz").exit_code == 0
    assert read_table("copy.npz") == table
    assert "no such file" in one_line(run("export", "absent.npz", "--to", "json"), 1)


@pytest.mark.parametrize("form", list(FORMATS))
def test_info_of_everything_that_export_writes(run, form):
    if form == "parquet":
        pytest.importorskip("pyarrow")
    table = build_table("clebsch_gordan", 1)
    table.save("table.npz")
    assert run("export", "table.npz", "--to", form, "-o", f"copy{FORMATS[form].ending}").exit_code == 0
    result = run("info", f"copy{FORMATS[form].ending}")
    assert result.exit_code == 0, result.output
    for word in (table.key.command, table.fingerprint, table.convention.fingerprint, "27", "basis: real"):
        assert word in result.output


def test_export_chooses_columns_and_endings(run):
    build_table("gaunt", 1).save("table.npz")
    assert run("export", "table.npz", "--to", "csv", "--columns", "float64, exact").exit_code == 0
    header = Path("table.csv").read_text().splitlines()[-22]
    assert header == "l1,l2,l3,m1,m2,m3,sign,numerator,denominator,i_power,float64"
    assert "columns" in one_line(run("export", "table.npz", "--to", "csv", "--columns", "float16"), 2)
    assert "columns" in one_line(run("export", "table.npz", "--to", "json", "--columns", "exact"), 2)


def test_export_of_dense_blocks(run):
    table = build_table("gaunt", 1)
    table.save("table.npz")
    assert run("export", "table.npz", "--to", "npz", "--dense", "float32").exit_code == 0
    with np.load("table.dense.npz") as file:
        np.testing.assert_array_equal(file["1_1_2"], table.dense(1, 1, 2, dtype="float32"))
    assert "dense" in one_line(run("export", "table.npz", "--to", "c", "--dense", "float32"), 2)
    assert table.key.command in run("info", "table.dense.npz").output


def test_info_refuses_what_it_does_not_know(run):
    table = build_table("gaunt", 1)
    data = table.save("table.npz").read_bytes()
    place = data.index(table.float64.tobytes())
    Path("flipped.npz").write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    Path("empty").write_bytes(b"")
    Path("text").write_text("reptheory table: but nothing more\n")
    Path("json").write_text('{"columns":[],\n"manifest":[]}')
    Path("safetensors").write_bytes(b"\xff" * 8 + b"{}")
    np.savez("other.npz", np.arange(3))
    assert "SHA-256" in one_line(run("info", "flipped.npz"), 1)
    for name in ("empty", "text", "json", "safetensors", "other.npz"):
        assert "neither a table nor" in one_line(run("info", name), 1)
    assert "no such file" in one_line(run("info", "absent"), 1)


def test_diff(run):
    build_table("gaunt", 2).save("a.npz")
    build_table("gaunt", 2).save("b.npz")
    build_table("gaunt", 1).save("c.npz")
    result = run("diff", "a.npz", "b.npz")
    assert (result.exit_code, result.output) == (0, "a.npz and b.npz hold the same table, byte for byte\n")
    result = run("diff", "a.npz", "c.npz")
    assert result.exit_code == 1
    assert result.output.startswith(
        "lmax: 2 against 1\nlmax_out: 4 against 2\nrows only in the first: 141 of 162"
    )
    assert "no such file" in one_line(run("diff", "a.npz", "absent"), 1)
    Path("b.npz").write_bytes(Path("b.npz").read_bytes()[:5000])
    for names in (("a.npz", "b.npz"), ("b.npz", "a.npz")):
        assert one_line(run("diff", *names), 1).startswith("reptheory: b.npz: ")  # the damaged one alone


def test_build_and_show_a_cartesian_tensor(run):
    result = run("build", "cartesian_tensor", "--formula", "ij=ji")
    assert result.exit_code == 0, result.output
    assert read_table("cartesian_tensor-real-ij=ji.npz") == build_table("cartesian_tensor", formula="ij=ji")
    assert "√(1/2)" in run("show", "cartesian_tensor", "--formula", "ij=ji").output
    assert "--formula" in one_line(run("build", "cartesian_tensor"), 2)


class FakeReport:
    def __init__(self, holds):
        self.holds = holds


@pytest.mark.parametrize("holds", [True, False])
def test_report_runs_renders_and_tells_by_its_status(run, monkeypatch, holds):
    calls = []

    def fake(molecules, lmax, seed, progress):
        progress(1, 2)
        calls.append((molecules, lmax, seed))
        return FakeReport(holds)

    monkeypatch.setattr("reptheory.verify.report.run", fake)
    monkeypatch.setattr("reptheory.verify.render.print_table", lambda _, console: console.print("table"))
    for name in ("html", "json"):
        monkeypatch.setattr(
            f"reptheory.verify.render.write_{name}", lambda _, path: Path(path).write_text("written")
        )
    result = run("report", "water", "x.xyz", "--lmax", 3, "--seed", 5, "--html", "r.html", "--json", "r.json")
    assert result.exit_code == (0 if holds else 1)
    assert "table" in result.output
    assert Path("r.html").read_text() == Path("r.json").read_text() == "written"
    run("report")
    assert Path("reptheory-report.html").read_text() == "written"
    Path("reptheory-report.html").unlink()
    run("report", "--all", "--no-html")
    assert not Path("reptheory-report.html").exists()
    assert calls == [(["water", "x.xyz"], 3, 5), ([], 6, 0), (None, 6, 0)]


def test_report_errors_are_one_line(run, monkeypatch):
    def fail(*_):
        raise StoreError("molecule: gone\nand more")

    monkeypatch.setattr("reptheory.verify.report.run", fail)
    assert "gone and more" in one_line(run("report"), 1)


def test_the_cache_is_shown_and_cleared(run, tmp_path):
    folder = tmp_path / "cache"
    assert run("cache", "path").output == f"{folder}\n"
    assert run("cache").output == f"{folder}\n0 files, 0 bytes\n"
    assert run("cache", "clear").output == "0 files, 0 bytes removed\n"
    path = store(build_table("gaunt", 2))
    size = f"1 file, {path.stat().st_size:,} bytes"
    assert run("cache", "size").output == f"{size}\n"
    listing = run("cache", "list").output
    assert "gaunt-real-lmax2-out4.npz" in listing
    assert listing.endswith(f"{size}\n")
    assert run("cache", "clear", "--unfinished").output == "0 files, 0 bytes removed\n"
    assert run("cache", "clear").output == f"{size} removed\n"
    assert not folder.exists()
    folder.touch()
    assert "cannot be listed" in one_line(run("cache", "list"), 1)


def test_an_interrupted_build_goes_on(run, tmp_path, monkeypatch):
    monkeypatch.setattr("reptheory.build.pieces.PIECE_ROWS", 100)
    proven, prove = [], parallel.prove

    def counting(piece, progress=None):
        if len(proven) == 3:
            raise KeyboardInterrupt
        proven.append(piece.number)
        return prove(piece, progress)

    monkeypatch.setattr(parallel, "prove", counting)
    assert run("build", "gaunt", "--lmax", 3).exit_code == 130
    assert "(3 pieces of an unfinished build)" in run("cache", "list").output
    proven[:] = [None] * 4
    monkeypatch.setattr("reptheory.cli.building._WORTH_SAYING", 0.0)
    done = run("build", "gaunt", "--lmax", 3)
    assert done.exit_code == 0
    assert "; 3 pieces are there already\n" in done.output
    assert proven[4] == 3
    assert run("cache", "size").output == "0 files, 0 bytes\n"
    assert read_table("gaunt-real-lmax3-out6.npz") == build_table("gaunt", 3)


def test_an_estimate_builds_nothing(run, tmp_path):
    result = run("build", "gaunt", "--lmax", "20", "--estimate")
    assert result.exit_code == 0
    assert "B of memory, about" in result.output
    assert os.listdir(tmp_path) == []


def test_workers_write_the_same_bytes(run, tmp_path, monkeypatch):
    monkeypatch.setattr("reptheory.build.pieces.PIECE_ROWS", 500)
    for workers in (1, 2):
        assert run("build", "gaunt", "--lmax", "3", "--workers", workers, "-o", workers).exit_code == 0
    assert Path("1").read_bytes() == Path("2").read_bytes()
    assert "workers" in one_line(run("build", "gaunt", "--lmax", "3", "--workers", 0), 2)


def test_ctrl_c_is_one_line(run, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("reptheory.build.parallel.prove", interrupt)
    assert "interrupted" in run("build", "gaunt", "--lmax", 1).output
    assert run("build", "gaunt", "--lmax", 1).exit_code == 130
    assert not list(Path().glob("*.npz"))


def test_warnings_are_one_line(run, monkeypatch):
    def warn(*_):
        warnings.warn("cache damaged", RuntimeWarning, stacklevel=1)
        return []

    monkeypatch.setattr("reptheory.build.show._values", warn)
    result = run("show", "gaunt", 1, 1, 2)
    assert "reptheory: warning: cache damaged\n" in result.output
    assert "test_cli.py" not in result.output


def shell(*arguments, **settings):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, check=False, env=environment, text=True, capture_output=True, timeout=60, **settings
    )


def test_as_a_module_with_errors_on_standard_error(tmp_path):
    done = shell("-m", "reptheory", "show", "gaunt", "1", "1", "x", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("reptheory: l3")
    assert shell("-m", "reptheory", "--version").stdout == f"reptheory {reptheory.__version__}\n"


def test_without_arguments_it_explains_itself():
    done = shell("-m", "reptheory")
    assert "Usage" in done.stdout + done.stderr
    assert "report" in done.stdout + done.stderr


def test_importing_it_is_quick_and_light():
    heavy = ("sympy", "mpmath", "numba", "scipy", "flint", "matplotlib", "jinja2", "rich")
    program = f"import sys, reptheory.cli; print([name for name in {heavy} if name in sys.modules])"
    assert shell("-c", program).stdout == "[]\n"


def test_report_refuses_files_it_could_not_write_before_it_starts(run, monkeypatch):
    monkeypatch.setattr("reptheory.verify.report.run", lambda *_: pytest.fail("ran"))
    assert "there is no folder" in one_line(run("report", "--html", "nowhere/x.html"), 1)


def test_negative_labels_need_no_dashes(run):
    assert "√(1/6)" in run("show", "wigner_3j", "1/2", "1/2", "1", "-1/2", "1/2", "0").output


def test_a_terminal_without_roots_gets_replacements(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "reptheory", "show", "gaunt", "1", "1", "2"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "?(1/(20?))" in done.stdout
