"""The wheel carries the shipped tables, and the package finds them there, wherever it lies."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from reptheory.build.shipped import SHIPPED

ROOT = Path(__file__).parents[2]
PROGRAM = """
from reptheory.build.shipped import SHIPPED
from reptheory.tables.store import read_shipped, shipped_folder
print(shipped_folder())
for key in SHIPPED:
    assert read_shipped(key) is not None, key
"""
EXPORT = """
from reptheory.build.export import export_table
from reptheory.build.library import build_table
print(export_table(build_table("gaunt", 1), "x.h", "c").stat().st_size)  # by a template of the package
"""


def test_a_wheel_brings_its_tables(tmp_path):
    pytest.importorskip("hatchling", reason="the build backend is not installed here")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    inside = tmp_path / "site" / "reptheory" / "shipped_tables"
    for key in SHIPPED:
        name = key.file_name
        assert (inside / name).read_bytes() == (ROOT / "tables" / name).read_bytes()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    assert int(run(EXPORT, environment, tmp_path)) > 1000
    assert run(PROGRAM, environment, tmp_path) == str(inside)


def test_an_editable_install_finds_its_checkout(tmp_path):
    # What an editable install leaves in site-packages: a .pth line with the checkout's path.
    (tmp_path / "__editable__.pth").write_text(f"{ROOT}\n")
    first = "sys.path.insert(0, sys.path.pop())"  # a copy that is installed as well must not answer
    program = f"import site, sys; site.addsitedir({str(tmp_path)!r}); {first}\n{PROGRAM}"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    assert run(program, environment, tmp_path) == str(ROOT / "tables")


def run(program, environment, folder):
    """Run a program in a fresh interpreter and return what it prints."""
    command = [sys.executable, "-B", "-c", program]
    settings = {"env": environment, "cwd": folder, "text": True, "stdout": subprocess.PIPE, "timeout": 60}
    return subprocess.run(command, check=True, **settings).stdout.strip()
