"""Full paths: every path of two direct sums, each to its own output, in e3nn's order, for any group.

Outputs are sorted; copies (u, v) of entries (i1, i2) stand at u * mul2 + v.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from reptheory.build.size import require_memory, short
from reptheory.errors import TooLarge
from reptheory.groups.direct_sum import AnyDirectSum, DirectSum
from reptheory.operations.coupling_plan import PRODUCT

__all__ = ["Instruction", "full_paths", "kept_labels", "products_of_copies", "require_few_paths"]

Label = TypeVar("Label")
Sum = TypeVar("Sum", bound=AnyDirectSum)

_MOST_PATHS: Final = 10**7
_BYTES: Final = 256, 160
"""That laying out a product of two copies takes at most, and each of its columns."""


class Instruction(NamedTuple, Generic[Label]):
    """One path: entry i1 of irreps_in1 with entry i2 of irreps_in2 to entry i_out of irreps_out.

    columns   where its mul1 * mul2 copies of ir_out stand in the last axis of the result
    """

    i1: int
    i2: int
    i_out: int
    ir1: Label
    ir2: Label
    ir_out: Label
    columns: slice


def full_paths(
    irreps1: Sum, irreps2: Sum, kept: Iterable[object] | None
) -> tuple[Sum, tuple[Instruction[Any], ...]]:
    """Return the direct sum of all outputs, sorted, and the path to each entry of it.

    kept    labels of outputs, as `kept_labels` reads them
    raises  TooLarge: more than ten million paths
    """
    require_few_paths((ir1, ir2) for _, ir1 in irreps1 for _, ir2 in irreps2)
    wanted = kept_labels(type(irreps1), kept)
    found = [
        (mul1 * mul2, ir_out, i1, i2)
        for i1, (mul1, ir1) in enumerate(irreps1)
        for i2, (mul2, ir2) in enumerate(irreps2)
        for ir_out in ir1 * ir2
        if wanted is None or ir_out in wanted
    ]
    ordered = type(irreps1)([(mul, ir) for mul, ir, _, _ in found]).sort()
    columns = ordered.irreps.slices()
    return ordered.irreps, tuple(
        Instruction(i1, i2, place, irreps1[i1].ir, irreps2[i2].ir, ir, columns[place])
        for (_, ir, i1, i2), place in zip(found, ordered.p, strict=True)
    )


def require_few_paths(pairs: Iterable[tuple[Any, Any]]) -> None:
    """Raise TooLarge where the products of pairs of labels are too many to be listed."""
    paths = sum(min(one.dim, other.dim) for one, other in pairs)
    if paths > _MOST_PATHS:
        raise TooLarge(
            f"irreps_in1, irreps_in2: {short(paths)}paths; the limit is {_MOST_PATHS}; choose lower degrees"
        )


def kept_labels(kind: type[AnyDirectSum], kept: Iterable[object] | None) -> set[Any] | None:
    """Return the labels that a filter keeps: a list of them, or a direct sum or its text; None for all."""
    if kept is None:
        return None
    if isinstance(kept, str | DirectSum):
        return {ir for _, ir in kind(kept)}
    return {kind.label(ir) for ir in kept}


def products_of_copies(
    irreps1: Sum,
    irreps2: Sum,
    instructions: Iterable[Instruction[Any]],
    label: Callable[[Any], int],
    width: int = 1,
) -> NDArray[np.int64]:
    """List every product of a pair of copies, pair by pair: (products, 7), see `coupling_plan.PRODUCT`.

    label   of an irrep in the coefficient table
    width   coordinates of a component: 2 for the parts of complex ones
    raises  TooLarge: more than fit into the memory that is free
    """
    slices1, slices2 = irreps1.slices(), irreps2.slices()
    pairs: dict[tuple[int, int], list[Instruction[Any]]] = {}
    for path in instructions:
        pairs.setdefault((path.i1, path.i2), []).append(path)
    _require_room([(irreps1[i1].mul * irreps2[i2].mul, group) for (i1, i2), group in pairs.items()])
    found = [np.zeros((0, len(PRODUCT)), dtype=np.int64)]
    for (i1, i2), group in pairs.items():
        (mul1, ir1), (mul2, ir2) = irreps1[i1], irreps2[i2]
        u, v = np.indices((mul1, mul2))
        rows = np.zeros((mul1, mul2, len(group), len(PRODUCT)), dtype=np.int64)
        for place, path in enumerate(group):
            i0, a, j0, b, column, c, _ = np.moveaxis(rows[:, :, place], -1, 0)
            i0[...], a[...] = width * (slices1[i1].start + u * ir1.dim), label(ir1)
            j0[...], b[...] = width * (slices2[i2].start + v * ir2.dim), label(ir2)
            start, dim = path.columns.start, path.ir_out.dim
            column[...], c[...] = width * (start + (u * mul2 + v) * dim), label(path.ir_out)
        found.append(rows.reshape(-1, len(PRODUCT)))
    return np.concatenate(found)


def _require_room(counts: list[tuple[int, list[Instruction[Any]]]]) -> None:
    """Raise TooLarge unless pairs of copies, given as (pairs, paths of each), can be laid out."""
    needed = sum(
        pairs * (_BYTES[0] + _BYTES[1] * path.ir_out.dim) for pairs, paths in counts for path in paths
    )
    number = short(sum(pairs for pairs, _ in counts))
    require_memory(
        f"irreps_in1, irreps_in2: {number}pairs of copies", needed, "multiply fewer copies at a time"
    )
