"""Naming: the key of a table from what a caller writes, other packages' conventions by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from reptheory.build.changes import Change, entry_of, native_key, require_change
from reptheory.conversion.registry import convention as registered
from reptheory.tables.kinds import table_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reptheory.conventions import Convention
    from reptheory.conversion.registry import PackageConvention
    from reptheory.tables.kinds import TableKey

__all__ = ["TableOptions", "named_key"]


class TableOptions(TypedDict, total=False):
    """What names a table beside its kind and lmax: as `reptheory.tables.kinds.table_key`, None by default."""

    basis: str | None
    lmax_out: int | None
    band_limit: int | None
    formula: str | None
    quaternion: str | Sequence[int] | None
    normalization: str | None
    phase: str | None
    convention: str | Convention | PackageConvention | None


def named_key(kind: str, lmax: int | None = None, **options: Unpack[TableOptions]) -> TableKey:
    """Name a table canonically, as `table_key` does.

    convention   a name or an entry of `CONVENTIONS`, in place of basis, normalization and phase
    raises       LabelError, OperandError: no such table

    >>> print(named_key("gaunt", 1, convention="e3nn@0.6"))
    gaunt(basis=real, convention=e3nn@0.6, lmax=1, lmax_out=2)
    """
    given: Any = dict(options)
    named = given.pop("convention", None)
    if named is None:
        return table_key(kind, lmax, **given)
    entry = registered(named)
    key = table_key(kind, lmax, convention=entry.stated, **given)
    if key.stated is not None:
        require_change(Change(kind, entry_of(native_key(key).convention), entry))
    return key
