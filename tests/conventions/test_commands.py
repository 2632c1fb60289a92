"""The commands audit, convert and identify: what they print, write and return."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import reptheory as rt
from reptheory.cli import main


def run(*arguments: object) -> Result:
    """Run one command as a person would."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def tensor(tmp_path: Path) -> Path:
    path = tmp_path / "tensor.npy"
    np.save(path, rt.clebsch_gordan_array(2, 1, 2, basis="real").to_numpy())
    return path


def spoil(path: Path) -> Path:
    array = np.load(path)
    array[0, 0, 1] *= -1
    np.save(path, array)
    return path


def test_identify(tensor: Path) -> None:
    right = run("identify", tensor)
    assert right.exit_code == 0
    assert "clebsch_gordan of real" in right.output
    wrong = run("identify", spoil(tensor))
    assert wrong.exit_code == 1
    assert "[0, 0, 1] (m = -2, -1, -1)" in wrong.output
    listed = run("identify", "--list")
    assert all(name in listed.output for name in rt.CONVENTIONS)


def test_identify_rotations(tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", rt.real_rotation_matrix(2, (1, 2, 0, -1)).to_numpy())
    found = run("identify", tmp_path / "d.npy", "--quaternion", 1, 2, 0, -1)
    assert found.exit_code == 0, found.output
    assert "rotation of real" in found.output


def test_audit(tensor: Path) -> None:
    right = run("audit", tensor)
    assert right.exit_code == 0
    assert "no entry is off by more than 4 ulp" in right.output
    wrong = run("audit", spoil(tensor), "--kind", "clebsch_gordan", "--convention", "real")
    assert wrong.exit_code == 1
    assert "1 entry is off by more than 4 ulp (1 sign)" in wrong.output
    unknown = run("audit", tensor, "--convention", "mine")
    assert unknown.exit_code == 2
    assert len(unknown.output.splitlines()) == 1


def test_audit_of_our_own_tables(tmp_path: Path) -> None:
    for kind, basis in (("gaunt", "complex"), ("clebsch_gordan", "real"), ("wigner_3j", "complex")):
        path = rt.build_table(kind, 2, basis=basis).save(tmp_path / f"{kind}.npz")
        found = rt.audit(path)
        assert found.holds
        assert (found.kind, found.nearest) == (kind, found.entries)
        assert basis in found.conventions


def test_convert_there_and_back(tmp_path: Path) -> None:
    path = rt.build_table("clebsch_gordan", 2, basis="real").save(tmp_path / "ours.npz")
    there = run("convert", path, "--to", "e3nn@0.4")
    assert there.exit_code == 0, there.output
    theirs = tmp_path / "ours-e3nn-0.4.npz"
    assert rt.audit(theirs).conventions == ("e3nn@0.4", "mace")
    with np.load(theirs) as file:
        assert "e3nn@0.4" in json.loads(bytes(file["manifest.json"]))["convention"]["name"]
    assert run("verify", theirs).exit_code == 0
    assert run("convert", theirs, "--to", "real", "-o", tmp_path / "back.npz").exit_code == 0
    assert (tmp_path / "back.npz").read_bytes() == path.read_bytes()


def test_convert_exactly_to_json(tmp_path: Path) -> None:
    path = rt.build_table("gaunt", 2, basis="real").save(tmp_path / "ours.npz")
    done = run("convert", path, "--to", "e3nn@0.6/component", "-o", tmp_path / "theirs.json")
    assert done.exit_code == 0, done.output
    document = json.loads((tmp_path / "theirs.json").read_text())
    assert document["manifest"]["convention"]["name"] == "e3nn@0.6/component"
    assert len(document["rows"]) == len(rt.build_table("gaunt", 2))
    found = run("audit", tmp_path / "theirs.json")
    assert found.exit_code == 0, found.output
    assert "e3nn@0.6/component" in found.output
    floats = tmp_path / "floats.npy"
    np.save(floats, np.ones(3))
    arguments = ("--from", "real", "--kind", "features", "--to", "e3x", "-o", tmp_path / "floats.json")
    assert "JSON holds exact values" in run("convert", floats, *arguments).output
    assert "must end in .npz or .json" in run("convert", path, "--to", "e3x", "-o", tmp_path / "x.txt").output


def test_the_same_conversion_writes_the_same_bytes(tensor: Path, tmp_path: Path) -> None:
    written = []
    for name in ("one.npz", "two.npz"):
        arguments = ("--from", "real", "--to", "e3x", "--kind", "clebsch_gordan", "-o", tmp_path / name)
        assert run("convert", tensor, *arguments).exit_code == 0
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]


def test_convert_says_that_a_table_is_broken(tmp_path: Path) -> None:
    (tmp_path / "damaged.npz").write_bytes(
        rt.build_table("gaunt", 1).save(tmp_path / "t.npz").read_bytes()[:-1]
    )
    for more in ((), ("--from", "real", "--kind", "gaunt")):  # a table of ours, though broken
        damaged = run("convert", tmp_path / "damaged.npz", "--to", "e3x", *more)
        assert damaged.exit_code == 1
        assert "bytes where its manifest promises" in damaged.output


def test_convert_says_what_is_missing(tensor: Path) -> None:
    lost = run("convert", tensor, "--to", "e3x")
    assert lost.exit_code == 2
    assert "--from and --kind" in lost.output
    assert run("convert", tensor, "--from", "real", "--to", "e3x", "--kind", "spinor").exit_code == 2
    assert run("convert", tensor, "--to", "unheard").exit_code == 2
    assert not list(tensor.parent.glob("*.npz"))


@pytest.mark.parametrize("command", [("convert", "--to", "real"), ("export", "--to", "npz")])
def test_a_file_is_not_written_over_itself(command: tuple[str, ...], tmp_path: Path) -> None:
    path = rt.build_table("gaunt", 1).save(tmp_path / "g.npz")
    before = path.read_bytes()
    result = run(*command, path, "--output", path)
    assert result.exit_code == 2
    assert "the file that is read" in result.output
    assert path.read_bytes() == before


def test_arrays_of_others_are_no_table_of_ours(tmp_path: Path) -> None:
    np.savez(tmp_path / "theirs.npz", a=np.zeros((3, 3, 3)))
    result = run("verify", tmp_path / "theirs.npz")
    assert result.exit_code == 1
    assert "not a table of this package" in result.output


def test_info_of_a_converted_table(tmp_path: Path) -> None:
    rt.build_table("gaunt", 1).save(tmp_path / "g.npz")
    converted = tmp_path / "converted.npz"
    assert run("convert", tmp_path / "g.npz", "--to", "e3x", "--output", converted).exit_code == 0
    result = run("info", converted)
    assert result.exit_code == 0, result.output
    assert "convention name: e3x\n" in result.output
    assert (
        "command: reptheory build gaunt --lmax 1 --basis real --lmax-out 2 --convention e3x" in result.output
    )
    assert run("verify", converted).exit_code == 0
    assert run("diff", tmp_path / "g.npz", converted).exit_code == 1


def test_info_of_converted_arrays(tensor: Path, tmp_path: Path) -> None:
    converted = tmp_path / "converted.npz"
    words = ("--from", "real", "--to", "e3x", "--kind", "clebsch_gordan", "--output", converted)
    assert run("convert", tensor, *words).exit_code == 0
    result = run("info", converted)
    assert result.exit_code == 0, result.output
    assert "converted arrays: clebsch_gordan, 1 of them" in result.output
    assert f"convention: e3x\nconvention fingerprint: {rt.convention('e3x').fingerprint}" in result.output
    converted.write_bytes(converted.read_bytes()[:-30])
    broken = run("info", converted)
    assert broken.exit_code == 1
    assert "neither a table nor a file" in broken.output


@pytest.mark.parametrize("form", ["npz", "json", "safetensors"])
@pytest.mark.parametrize("kind", ["clebsch_gordan", "wigner_6j", "wigner_d_pi_half"])
def test_identify_of_our_own_tables(kind: str, form: str, tmp_path: Path) -> None:
    built, path = tmp_path / "table.npz", tmp_path / f"other.{form}"
    assert run("build", kind, "--lmax", 1, "--output", built).exit_code == 0
    assert run("export", built, "--to", form, "--output", path).exit_code == 0
    found = run("identify", path)
    assert found.exit_code == 0, found.output
    names = {"clebsch_gordan": " of real", "wigner_6j": "", "wigner_d_pi_half": " of complex, sympy"}
    assert f"follows {kind}{names[kind]}" in found.output
    if form == "json":
        text = path.read_text()
        end = text.rindex("]\n]")
        row = json.loads(text[text.rindex("\n[", 0, end) + 1 : end + 1])
        path.write_text(text.replace(f",{row[-2]},", f",{2 * row[-2]},"))
        wrong = run("identify", path)
        assert wrong.exit_code == 1
        assert "off by more than 4 ulp" in wrong.output


@pytest.mark.parametrize("name", ["real", "e3nn@0.4", "e3nn@0.6", "e3x"])
def test_identify_of_several_tensors_says_what_they_share(name: str, tmp_path: Path) -> None:
    paths = [(1, 1, 1), (1, 2, 2), (1, 3, 3)]
    blocks = {str(path): rt.convert(rt.wigner_3j_array(*path), None, name, "wigner_3j") for path in paths}
    np.savez(tmp_path / "t.npz", **{label: block.to_numpy() for label, block in blocks.items()})
    found = run("identify", tmp_path / "t.npz")
    assert found.exit_code == 0, found.output
    together = found.output.splitlines()[-1]
    assert together.startswith("all of them: follow wigner_3j of ")
    for other in ("real", "e3nn@0.4", "e3nn@0.6", "e3x"):
        assert (f"{other}," in f"{together},") == (other == name)
    block = blocks["(1, 1, 1)"].to_numpy() + 1
    np.savez(tmp_path / "t.npz", a=block, b=block)
    lost = run("identify", tmp_path / "t.npz")
    assert lost.exit_code == 1
    assert lost.output.endswith("all of them: follow no one convention of the registry\n")


@pytest.mark.parametrize("spin", [1, 2])
def test_audit_of_other_kinds(spin: int, tmp_path: Path) -> None:
    matrix = rt.wigner_d_pi_half(Fraction(spin, 2)).to_numpy()
    np.save(tmp_path / "d.npy", matrix)
    found = run("audit", tmp_path / "d.npy", "--kind", "wigner_d_pi_half")
    assert found.exit_code == 0, found.output
    assert "wigner_d_pi_half of complex, sympy" in found.output
    turned = run("audit", tmp_path / "d.npy", "--angles", 0, np.pi / 2, 0)
    assert turned.exit_code == 0, turned.output
    assert "rotation of complex" in turned.output


def test_audit_with_degrees(tmp_path: Path) -> None:
    path = tmp_path / "dense.npy"
    table = np.zeros((4, 8, 3))  # 0 and 1; 1 and 2; 1
    for first, start in ((0, 0), (1, 1)):
        for second, middle in ((1, 0), (2, 3)):
            if abs(first - second) <= 1:
                block = rt.clebsch_gordan_array(first, second, 1, basis="real").to_numpy()
                table[start : start + 2 * first + 1, middle : middle + 2 * second + 1] = block
    np.save(path, table)
    assert "degrees" in run("audit", path).output
    for degrees in (("0,1", "1,2", "1"), ("0e+1o", "1o + 2e", "1o")):
        found = run("audit", path, "--degrees", *degrees)
        assert found.exit_code == 0, found.output
        assert "4 blocks, 96 entries" in found.output
        assert "clebsch_gordan of real" in found.output
    for wrong in (("0,1", "1,2", "2"), ("0,1", "1,2", "one"), ("0,1", "1,-2", "1")):
        refused = run("audit", path, "--degrees", *wrong)
        assert refused.exit_code in (1, 2)
        assert len(refused.output.splitlines()) == 1, refused.output
