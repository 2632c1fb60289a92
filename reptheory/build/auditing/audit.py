"""audit: somebody else's table, or values of functions, against the exact values.

First what it holds: the kind, the convention of the registry, and if need be another order of m or one common
factor, that leave the fewest entries wrong. Then every entry against the exact value, rounded once to the
precision of the table, in units of its last place. Three families know what to expect: couplings, in every
convention; the rows of every other kind of table; and harmonics and rotations at points and angles.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from numbers import Real
from typing import Any

from reptheory.build.auditing.coupling_readings import UNEXPLAINED, coupling_explanation
from reptheory.build.auditing.function_values import value_explanation
from reptheory.build.auditing.report import Audit
from reptheory.build.auditing.row_readings import row_explanation
from reptheory.build.auditing.tally import Explanation, Tally
from reptheory.conversion.convert_arrays import COUPLINGS
from reptheory.conversion.findings import recognized
from reptheory.conversion.foreign_files import Foreign, read_foreign
from reptheory.conversion.layouts import refuse_masked
from reptheory.conversion.precision import numbers_of
from reptheory.conversion.registry import PackageConvention
from reptheory.errors import LabelError, OperandError
from reptheory.exact.surd import Surd
from reptheory.groups.labels import shown as inspected
from reptheory.tables.files import shown
from reptheory.tables.kinds import KINDS
from reptheory.tables.table import Table

__all__ = ["audit"]


def audit(
    table: Any,
    kind: str | None = None,
    *,
    convention: str | PackageConvention | None = None,
    degrees: object = None,
    points: Any = None,
    angles: Any = None,
    quaternion: Any = None,
    formula: str | None = None,
    ulps: float = 4.0,
) -> Audit:
    """Compare a table of any kind, harmonics or D matrices with the exact values, entry by entry.

    table       path of an npy, npz, safetensors, JSON or PyTorch file; an array; a mapping from names or
                (l1, l2, l3) to arrays; or a `Table`. Dense blocks, or labels with values beside them
    kind        "wigner_3j", "clebsch_gordan", "gaunt" or any other of `reptheory.tables.kinds.KINDS`; None
                finds out
    convention  the one it is meant to follow; None finds out
    degrees     of the three axes of a dense table of couplings; None guesses from the lengths
    points      (n, 3): the table holds harmonics there, as `identify` reads them
    angles, quaternion   the table holds the D matrix of this rotation, as `identify` reads it
    formula     of a table of the kind "cartesian_tensor"
    ulps        entries further than this from the exact value are wrong
    raises      StoreError, OperandError, TooLarge: the file; LabelError: kind or convention

    >>> import reptheory as rt
    >>> table = {(1, 1, 1): rt.clebsch_gordan_array(1, 1, 1, basis="real").to_numpy("float32").copy()}
    >>> table[1, 1, 1][0, 2, 1] *= -1
    >>> found = audit(table)
    >>> found.kind, found.conventions[0], [(one.orders, one.what) for one in found.wrong]
    ('clebsch_gordan', 'real', [((-1, 1, 0), 'sign')])
    """
    allowed = _bound(ulps)
    if kind is not None and kind not in (*COUPLINGS, *KINDS):
        raise LabelError(f"kind: got {inspected(kind)}; it must be one of {', '.join(KINDS)}")
    name, foreign = _arrays(table)
    if points is not None or angles is not None or quaternion is not None:
        given = {"points": points, "angles": angles, "quaternion": quaternion}
        return _compared(name, value_explanation(foreign, convention, given), allowed)
    return _compared(name, _explanation(foreign, kind, convention, degrees, formula), allowed)


def _bound(ulps: object) -> float:
    """Return the distance beyond which an entry is wrong."""
    if not isinstance(ulps, Real) or not float(ulps) >= 0:
        raise OperandError(f"ulps: got {inspected(ulps)}; it must be a number that is not negative")
    return float(ulps)


def _arrays(table: Any) -> tuple[str, Foreign]:
    """Return what to call a table, and its arrays by name."""
    if isinstance(table, str | os.PathLike):
        return shown(table), read_foreign(table)
    if isinstance(table, Table):
        powers = {} if table.i_power is None else {"i_power": table.i_power}
        return "table", Foreign({"index": table.index, "float64": table.float64, **powers}, table.key)
    entries = table if isinstance(table, Mapping) else {"": table}
    arrays = {}
    for name, values in entries.items():
        refuse_masked(values, f"table[{inspected(name)}]" if entries is table else "table")
        array = numbers_of(values)
        if array.dtype.kind not in "iufc":
            raise OperandError(f"table: got an array of {array.dtype}; pass numbers")
        arrays["_".join(map(str, name)) if isinstance(name, tuple) else str(name)] = array
    return "table", Foreign(arrays)


def _explanation(
    foreign: Foreign,
    kind: str | None,
    convention: str | PackageConvention | None,
    degrees: object,
    formula: str | None,
) -> Explanation:
    """Return the likeliest reading: couplings first, then the other kinds of table."""
    word = foreign.key.kind if kind is None and foreign.key is not None else kind
    coupling = None if word is None else word.removeprefix("real_")
    best: Explanation | None = None
    stated = foreign.key is not None and foreign.key.stated is not None and kind is None
    if not stated and (coupling is None or coupling in COUPLINGS):
        best = coupling_explanation(foreign, coupling, convention, degrees)
    if (stated or coupling not in COUPLINGS) and (best is None or best.share > UNEXPLAINED):
        other = row_explanation(foreign, word, convention, formula)
        if other is not None and (best is None or other.share < best.share):
            best = other
    if best is None:
        arrays = [f"{name or 'array'} {array.shape}" for name, array in foreign.arrays.items()]
        found = ", ".join(arrays[:5]) or "no arrays of numbers"
        raise OperandError(
            f"audit: found no {word or 'coupling tensors'} in {found}; it reads arrays of three axes, labels "
            "with values beside them, and other kinds of table when told which with kind="
        )
    return best


def _compared(name: str, found: Explanation, allowed: float) -> Audit:
    """Compare every entry with its exact value."""
    tally = Tally(found.precision, found.names, found.leading, allowed)
    for piece in found.pieces():
        tally.add(piece)
    factor = Surd.rational(1) if found.factor == 1.0 else recognized(found.factor)
    return Audit(
        name, found.kind, found.conventions, found.factor, factor, tally.blocks, tally.entries,
        tally.nearest, tally.noise, tally.worst, tally.relative, found.precision, allowed, tuple(tally.wrong),
        tuple(tally.negated),
    )  # fmt: skip
