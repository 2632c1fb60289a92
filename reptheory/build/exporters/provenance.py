"""Provenance: what every exported file says about where its numbers come from.

Text formats carry it as comments, one `name: value` a line; the others as one canonical JSON text under the
name "reptheory". It is a function of the table and of the version of this package: no time, user or path.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from reptheory import __version__
from reptheory.tables.format import FORMAT_VERSION, canonical
from reptheory.tables.kinds import kind_of

if TYPE_CHECKING:
    from reptheory.tables.kinds import TableKey
    from reptheory.tables.parts import RowSource

__all__ = ["identifier", "provenance", "provenance_json", "provenance_lines"]


def provenance(source: RowSource) -> dict[str, Any]:
    """Return the command, versions and hashes of a table, with its manifest, as plain JSON values."""
    header = source.header
    return {
        "command": header.key.command,
        "fingerprint": header.fingerprint,
        "manifest": header.manifest,
        "written_by": f"reptheory {__version__}",
    }


def provenance_json(source: RowSource) -> str:
    """Return `provenance` in its one canonical spelling, without the final newline."""
    return canonical(provenance(source)).decode("ascii").rstrip("\n")


def provenance_lines(source: RowSource) -> list[str]:
    """Return the provenance as lines of ASCII text for comments, at most 120 characters each."""
    header = source.header
    kind, convention = kind_of(header.key.kind), header.key.convention
    pi_power = header.key.pi_power
    pi = f" * pi^{pi_power}" if pi_power else ""
    fields = {
        "reptheory table": str(header.key),
        "contents": kind.summary,
        "value": f"sign * i^i_power * sqrt(numerator / denominator{pi})",
        "floats": "float64 and float32 are nearest to the value without i^i_power, and proven so",
        "labels": ", ".join(kind.index_names),
        "rows": str(header.rows),
        **{f"convention {name}": value for name, value in asdict(convention).items()},
        "convention fingerprint": convention.fingerprint,
        "table fingerprint": header.fingerprint,
        "command": header.key.command,
        "written by": f"reptheory {__version__}, table format {FORMAT_VERSION}, generator {header.generator}",
    }
    return [f"{name}: {value}" for name, value in fields.items()]


def identifier(key: TableKey) -> str:
    """Return the name of a table as an identifier of every language.

    >>> from reptheory.tables.kinds import table_key
    >>> identifier(table_key("gaunt", 2)), identifier(table_key("cartesian_tensor", formula="ij=-ji"))
    ('gaunt_real_lmax2_out4', 'cartesian_tensor_real_ij_minus_ji')
    """
    text = key.file_name.removesuffix(".npz").replace("=-", "_minus_").replace("=", "_is_")
    return re.sub(r"[^a-z0-9]+", "_", text)
