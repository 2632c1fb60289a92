"""convert: arrays and tables in the words of another package; tables become tables, proven again.

A table in another convention has that convention in its key, its manifest and its file: `build_table` builds
the same one, `reptheory verify` proves it, `export` writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reptheory.build.changes import Change, changed_rows, entry_of, require_change
from reptheory.build.pieces import table_of
from reptheory.build.proof import entry_surd
from reptheory.conversion.convert_arrays import ConversionKind, Named, convert_arrays
from reptheory.conversion.registry import PackageConvention, convention
from reptheory.errors import ConventionMismatch, LabelError
from reptheory.tables.kinds import TableKey, table_key
from reptheory.tables.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reptheory.build.blocks import Labels
    from reptheory.exact.surd import Surd

__all__ = ["convert", "converted_table", "key_in"]


def convert(
    values: Any,
    source: Named | None,
    target: Named,
    kind: ConversionKind | None = None,
    degrees: object = None,
) -> Any:
    """Return values written in the convention `source` as `target` writes them.

    values    a `Table`: the table in the other convention, exact, every float proven again; half-integers,
              which only our complex basis has, are left out. Floats or complex numbers: converted in float64
              and returned in their precision, error as stated in `conversion.axis_change`. SurdArray,
              ComplexSurdArray, or an object array of Fraction, Surd or SymPy expressions: exact in, exact
              out. A mapping from (l1, l2, l3) to blocks: each block
    source    name in `CONVENTIONS`, an entry of it, `REAL` or `COMPLEX`; None for what carries its convention
    target    as source
    kind      what arrays are: "harmonics", "coefficients", "features", "rotation", "angles", "wigner_3j",
              "clebsch_gordan" or "gaunt". None is features; exact arrays of several axes and mappings need it
    degrees   of the axis of an array: None, one degree, a list of degrees, or Irreps; for couplings three of
              these. None reads 2l + 1 entries as one degree, (L + 1)^2 as 0..L; where both fit, harmonics,
              coefficients and features are 0..L, the others one degree
    returns   as values; an exact array with an entry that is no single surd (features, where the polar axis
              changes) as an object array of Surd and `SurdSum`, whose source must be named on the way back
    raises    LabelError, OperandError; ConventionMismatch: source is not what the values carry

    >>> import numpy as np, reptheory as rt
    >>> convert(np.array([1.0, 2.0, 3.0]), "real", "e3x").tolist()  # y, z, x -> x, y, z
    [3.0, 1.0, 2.0]
    >>> print(convert(rt.build_table("solid_harmonics", 1), None, "e3nn@0.6"))
    <Table solid_harmonics(basis=real, convention=e3nn@0.6, lmax=1): 4 rows>
    """
    if not isinstance(values, Table):
        return convert_arrays(values, source, target, kind, degrees)
    if kind is not None or degrees is not None:
        raise LabelError(f"kind, degrees: {values.key} states them; leave them out")
    if source is not None and convention(source) != entry_of(values.convention):
        raise ConventionMismatch(
            f"source: got {convention(source).name!r}, but the table carries {values.convention.name!r}; "
            "leave it out (None) to use its own"
        )
    return converted_table(values, convention(target))


def converted_table(table: Table, target: PackageConvention) -> Table:
    """Return a table in another convention: its rows changed exactly, rounded once, and proven."""
    source = entry_of(table.convention)
    if source == target:
        return table
    key = key_in(table.key, target)
    change = Change(key.kind, source, target)
    require_change(change)
    return table_of(key, changed_rows(change, _rows(table, halved=key.kind != table.kind)))


def key_in(key: TableKey, target: PackageConvention) -> TableKey:
    """Return the key of a table in another convention; 3j symbols in a real basis are another kind."""
    options: Any = {name: value for name, value in key.parameters if name not in _STATED}
    kind = "real_wigner_3j" if key.kind == "wigner_3j" and target.basis == "real" else key.kind
    return table_key(kind, convention=target.stated, **options)


_STATED = ("basis", "normalization", "phase", "convention")


def _rows(table: Table, *, halved: bool) -> Iterator[tuple[Labels, Surd]]:
    """Yield labels and exact value of every row; those of whole labels alone, halved, for another kind."""
    for number, labels in enumerate(table.index.tolist()):
        if not halved:
            yield tuple(labels), entry_surd(table.row(number))
        elif not any(label % 2 for label in labels):
            yield tuple(label // 2 for label in labels), entry_surd(table.row(number))
