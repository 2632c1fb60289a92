"""Which degrees an axis holds: a list of l, each with 2l + 1 entries one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isqrt

import numpy as np

from reptheory.errors import OperandError
from reptheory.groups.irreps import Irreps
from reptheory.groups.labels import listed, shown, whole

__all__ = ["Degrees", "degrees_of_axis", "degrees_of_block", "offsets", "size"]

Degrees = tuple[int, ...]


def size(degrees: Degrees) -> int:
    """Return the number of entries of an axis."""
    return sum(2 * degree + 1 for degree in degrees)


def offsets(degrees: Degrees) -> list[int]:
    """Return where each degree begins on its axis."""
    return [size(degrees[:number]) for number in range(len(degrees))]


def degrees_of_axis(length: int, given: object, what: str, *, whole_list: bool) -> Degrees:
    """Return the degrees of an axis of `length` entries.

    given       None; one degree; a list of degrees; or Irreps, whose copies follow one another
    whole_list  read a square length as the degrees 0..L before reading it as one degree (given None)
    raises      OperandError: the length fits no degrees, or not those given; LabelError
    """
    if given is None:
        return _guessed(length, what, whole_list=whole_list)
    if isinstance(given, str | Irreps):
        found = tuple(entry.ir.l for entry in Irreps(given) for _ in range(entry.mul))
    elif isinstance(given, Iterable) and np.ndim(np.asarray(given, dtype=object)):
        found = tuple(whole(degree, "degrees") for degree in listed(given, "degrees"))
    else:
        found = (whole(given, "degrees"),)
    if size(found) != length:
        raise OperandError(
            f"{what}: got an axis of {length} entries for degrees that have {size(found)}; "
            f"degrees was {shown(given)}"
        )
    return found


def _guessed(length: int, what: str, *, whole_list: bool) -> Degrees:
    """Return the degrees that a length suggests."""
    root = isqrt(length)
    square = root * root == length and root > 0
    if square and (whole_list or length % 2 == 0):
        return tuple(range(root))
    if length % 2:
        return ((length - 1) // 2,)
    raise OperandError(
        f"{what}: got an axis of {length} entries; one degree has 2l + 1, all degrees to L have (L + 1)^2; "
        "say which with degrees=[...]"
    )


def degrees_of_block(shape: Sequence[int], given: object, what: str) -> tuple[Degrees, Degrees, Degrees]:
    """Return the degrees of the three axes of a coupling tensor.

    given   None (odd lengths are one block, square ones all degrees), or one entry per axis
    """
    if len(shape) != 3:
        raise OperandError(f"{what}: got {len(shape)} axes; a coupling tensor has three, one for each degree")
    parts = [None] * 3 if given is None else listed(given, "degrees")
    if len(parts) != 3:
        raise OperandError(f"degrees: got {len(parts)} entries; give one for each of the three axes")
    block = given is None and all(length % 2 for length in shape) and _triangle(shape)
    first, second, third = (
        degrees_of_axis(length, part, what, whole_list=not block)
        for length, part in zip(shape, parts, strict=True)
    )
    return first, second, third


def _triangle(shape: Sequence[int]) -> bool:
    """Say whether three odd lengths are degrees that couple."""
    l1, l2, l3 = ((length - 1) // 2 for length in shape)
    return abs(l1 - l2) <= l3 <= l1 + l2
