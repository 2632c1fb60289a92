"""Tables as exact blocks: the rows of one path (l1, l2, l3) as a dense-indexed sparse array of surds."""

from __future__ import annotations

import numpy as np

from reptheory.conversion.convert import COUPLINGS
from reptheory.errors import OperandError
from reptheory.exact.arrays import SurdArray
from reptheory.tables.table import Table

__all__ = ["coupling_in", "table_blocks"]


def coupling_in(table: Table) -> str | None:
    """Return which coupling a table holds, as `convert` calls it; None for another kind."""
    word = table.kind.removeprefix("real_")
    return word if word in COUPLINGS else None


def table_blocks(table: Table) -> dict[tuple[int, int, int], SurdArray]:
    """Return the blocks of a table of couplings by path, in the table's convention, exactly.

    Paths with half-integers are left out: only the complex basis has them, so nothing converts them.
    raises  OperandError: a table of another kind
    """
    if coupling_in(table) is None:
        raise OperandError(
            f"table: got a {table.kind} table; convert takes {', '.join(COUPLINGS)} and real_wigner_3j tables"
        )
    doubled = table.index_names[0].startswith("two_")
    index = table.index.astype(np.int64)
    if not len(index):
        return {}
    starts = np.flatnonzero(np.r_[True, (index[1:, :3] != index[:-1, :3]).any(axis=1)])
    blocks = {}
    for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(index)], strict=True):
        labels = index[start, :3]
        if doubled and (labels % 2).any():
            continue
        rows = index[start:stop] // (2 if doubled else 1)
        path = rows[0, :3]
        values = [table.row(number) for number in range(start, stop)]
        l1, l2, l3 = path.tolist()
        blocks[l1, l2, l3] = SurdArray(
            (2 * l1 + 1, 2 * l2 + 1, 2 * l3 + 1),
            rows[:, 3:] + path,
            [value.sign * value.numerator for value in values],
            [value.denominator for value in values],
            convention=table.key.convention,
            i_powers=np.array([value.i_power for value in values], dtype=np.uint8),
            pi_power=table.pi_power,
        )
    return blocks
