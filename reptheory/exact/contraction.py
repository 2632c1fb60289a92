"""Contraction of sparse exact arrays: products summed over pairs of axes, without rounding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reptheory.errors import OperandError

if TYPE_CHECKING:
    from reptheory.exact.arrays import SurdArray
    from reptheory.exact.surd import Surd

__all__ = ["Axes", "contracted"]

Axes = int | tuple[Sequence[int], Sequence[int]]
Index = tuple[int, ...]


def contracted(left: SurdArray, right: SurdArray, axes: Axes) -> tuple[list[int], dict[Index, Surd]]:
    """Return the shape and the sums of products of two arrays over pairs of axes (zeros may be among them).

    axes    n: the last n axes of left with the first n of right; or (axes of left, axes of right)
    raises  OperandError: lengths differ; IncommensurableSurds: a sum is not one surd
    """
    ours, theirs = _axis_pairs(left, right, axes)
    free_ours = [axis for axis in range(left.ndim) if axis not in ours]
    free_theirs = [axis for axis in range(right.ndim) if axis not in theirs]
    partners: dict[Index, list[tuple[Index, Surd]]] = {}
    for index, value in right.items():
        joint = tuple(index[axis] for axis in theirs)
        partners.setdefault(joint, []).append((tuple(index[axis] for axis in free_theirs), value))
    sums: dict[Index, Surd] = {}
    for index, value in left.items():
        start = tuple(index[axis] for axis in free_ours)
        for end, partner in partners.get(tuple(index[axis] for axis in ours), ()):
            place, term = start + end, value * partner
            sums[place] = sums[place] + term if place in sums else term
    return [left.shape[axis] for axis in free_ours] + [right.shape[axis] for axis in free_theirs], sums


def _axis_pairs(left: SurdArray, right: SurdArray, axes: Axes) -> tuple[list[int], list[int]]:
    """Return the checked, non-negative axes of both operands that a contraction joins."""
    pairs = (range(left.ndim - axes, left.ndim), range(axes)) if isinstance(axes, int) else axes
    try:
        ours = [range(left.ndim)[axis] for axis in pairs[0]]
        theirs = [range(right.ndim)[axis] for axis in pairs[1]]
        lengths = [left.shape[axis] for axis in ours], [right.shape[axis] for axis in theirs]
    except (IndexError, TypeError) as error:
        raise OperandError(
            f"axes: got {axes!r} for arrays of {left.ndim} and {right.ndim} axes; give a count, or two lists "
            "of axes that exist"
        ) from error
    once = len({*ours}) == len(ours) and len({*theirs}) == len(theirs)
    if lengths[0] != lengths[1] or not once or (isinstance(axes, int) and axes < 0):
        raise OperandError(
            f"contract: axes {axes!r} join lengths {lengths[0]} with {lengths[1]}; pair each axis once "
            "with one of the same length"
        )
    return ours, theirs
