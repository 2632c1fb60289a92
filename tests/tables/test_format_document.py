"""The reader printed in docs/table-format.md works, with nothing but the standard library."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reptheory.tables.kinds import KINDS

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
