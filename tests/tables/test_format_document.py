"""The reader printed in docs/table-format.md works, with nothing but the standard library."""

import re
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reptheory.build.export import export_table
from reptheory.build.library import build_table
from reptheory.tables.kinds import KINDS
from reptheory.tables.reader import open_table

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "table-format.md").read_text(encoding="utf-8")


SMALL = [path for path in sorted((ROOT / "tables").glob("*.npz")) if path.stat().st_size < 200_000]


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_the_documented_reader_reads_shipped_tables(path):
    (program,) = re.findall(r"```python\n(.*?)```", DOCUMENT, flags=re.DOTALL)
    command = [sys.executable, "-I", "-S", "-c", program, str(path)]
    done = subprocess.run(command, check=True, text=True, capture_output=True, timeout=60)
    assert "rows; the last is" in done.stdout


def test_every_kind_is_documented():
    for kind in KINDS.values():
        assert f"| `{kind.name}` | " in DOCUMENT


READER = ROOT / "examples" / "read_a_table_without_reptheory.py"
LOOP = """
import runpy, sys
main = runpy.run_path(sys.argv[1])["main"]
for path in sys.argv[2:]:
    main(path)
assert not [name for name in sys.modules if name.startswith("reptheory")]
"""


def read_with_the_example(*paths):
    command = [sys.executable, "-c", LOOP, READER, *paths]
    return subprocess.run(command, check=False, text=True, capture_output=True, timeout=120)


def test_an_independent_reader_agrees_on_every_kind(tmp_path):
    assert "reptheory" not in re.findall(r"^(?:import|from) (\w+)", READER.read_text(), re.MULTILINE)
    exports = []
    for number, path in enumerate(SMALL):
        with open_table(path) as table:
            exports.append(export_table(table, tmp_path / f"{number}.json", "json"))
    done = read_with_the_example(*SMALL, *exports)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("every float agrees") == 2 * len(SMALL)
    assert {line.split(",")[0] for line in done.stdout.splitlines()} >= set(KINDS)


def test_the_independent_reader_notices_damage(tmp_path):
    table = build_table("gaunt", 1)
    values = table.float64.copy()
    values[5] = np.nextafter(values[5], 1.0)
    wrong = replace(table, float64=values).save(tmp_path / "wrong.npz")
    assert "row 5 is not rounded correctly" in read_with_the_example(wrong).stderr
    data = bytearray(table.save(tmp_path / "flipped.npz").read_bytes())
    place = bytes(data).index(table.float64.tobytes())
    data[place] ^= 1
    crc = zlib.crc32(data[place - 128 : place + table.float64.nbytes])  # header and array: numpy checks it
    (tmp_path / "flipped.npz").write_bytes(
        bytes(data).replace(zlib.crc32(table_member(table)).to_bytes(4, "little"), crc.to_bytes(4, "little"))
    )
    assert "float64 is damaged" in read_with_the_example(tmp_path / "flipped.npz").stderr


def table_member(table):
    spec = table.header.specs[1]
    return spec.header + table.float64.tobytes()
