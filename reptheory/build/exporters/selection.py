"""Selection: which columns of a table an exported file holds, and how their numbers are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from reptheory.errors import LabelError
from reptheory.tables.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reptheory.tables.format import Header

__all__ = ["CHOICES", "arrays_of", "chosen", "label_bits", "shortest"]

CHOICES: Final = ("float64", "float32", "exact")
"""What a caller may select; "exact" is the sign, the integers and the power of i."""


def chosen(columns: Iterable[str] | None) -> tuple[str, ...]:
    """Check a selection and bring it in order; None selects everything.

    raises   LabelError: nothing selected, or a name that is not among `CHOICES`
    """
    if columns is None:
        return CHOICES
    wanted = list(columns)
    for name in wanted:
        if name not in CHOICES:
            raise LabelError(f"columns: got {name!r}; they must be some of {', '.join(CHOICES)}")
    if not wanted:
        raise LabelError(f"columns: got none; name at least one of {', '.join(CHOICES)}")
    return tuple(name for name in CHOICES if name in wanted)


def arrays_of(header: Header, columns: tuple[str, ...]) -> list[str]:
    """Return the names of the arrays, in file order, that hold the index and the selected columns."""
    present = [spec.name for spec in header.specs]
    return [name for name in present if name == "index" or (name if name in CHOICES else "exact") in columns]


def label_bits(header: Header) -> int:
    """Return 8, 16 or 32: the bits of the smallest signed integer that holds every label."""
    limits = kind_of(header.key.kind).limits(dict(header.key.parameters))
    largest = max(max(-low, high) for low, high in limits)
    return next(bits for bits in (8, 16, 32) if largest < 1 << (bits - 1))


def shortest(value: float, form: str) -> str:
    """Write a float in the fewest decimal digits that read back as the same float64 or float32.

    >>> shortest(0.1, "float64"), shortest(float(np.float32(0.1)), "float32")
    ('0.1', '0.1')
    """
    return repr(float(value)) if form == "float64" else str(np.float32(value))
