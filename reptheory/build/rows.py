"""Rows: the exact contents of a table, block by block, before anything is rounded.

A block is one call into `exact`: one triple of degrees for a coupling, one spin for a rotation, everything at
once for a change of basis. Blocks come in the order of their leading labels, each sorted in itself, so that
their concatenation is in the lexicographic order that a table promises.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import isqrt
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from reptheory.exact.coupling import coupling_block
from reptheory.exact.fourier import (
    fourier_from_harmonics,
    harmonics_from_fourier,
    theta_fourier,
    theta_projection,
)
from reptheory.exact.wigner_d import wigner_d_pi_half
from reptheory.tables.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from reptheory.conventions import Basis
    from reptheory.exact.arrays import SurdArray
    from reptheory.exact.coupling import CouplingKind
    from reptheory.tables.kinds import TableKey

__all__ = ["Progress", "Rows", "coupling_rows", "exact_rows", "rotation_rows"]

Progress = Callable[[int, int], object]
"""Called with the work done and the work there is, in blocks."""


@dataclass
class Rows:
    """The exact rows of a table.

    index         blocks of (rows, columns) int32
    numerators    sign times numerator of the squared value, per row
    denominators  of the squared value, positive, in lowest terms, per row
    i_powers      blocks of 0 or 1, per row
    """

    index: list[NDArray[np.int32]] = field(default_factory=list)
    numerators: list[int] = field(default_factory=list)
    denominators: list[int] = field(default_factory=list)
    i_powers: list[NDArray[np.uint8]] = field(default_factory=list)

    def append(self, index: NDArray[Any], block: SurdArray) -> None:
        """Add a block with its labels."""
        self.index.append(index.astype(np.int32))
        self.numerators.extend(block.numerators)
        self.denominators.extend(block.denominators)
        self.i_powers.append(block.i_powers)


def exact_rows(key: TableKey, progress: Progress | None = None) -> Rows:
    """Compute every nonzero value of a table exactly, in the table's order."""
    shape, values = kind_of(key.kind).shape, dict(key.parameters)
    if shape == "coupling":
        kind = cast("CouplingKind", key.kind)
        return coupling_rows(kind, key.convention.basis, list(_triples(key)), progress)
    if shape == "rotation":
        return rotation_rows(range(2 * int(values["lmax"]) + 1), progress)
    return _change_of_basis(key, progress)


def coupling_rows(
    kind: CouplingKind,
    basis: Basis,
    triples: Sequence[tuple[int, int, int]],
    progress: Progress | None = None,
) -> Rows:
    """Collect the coupling blocks of some degrees.

    triples   (l1, l2, l3), doubled for kinds with doubled labels, in ascending order
    A row's labels are its triple, then the block's indices less those degrees.
    """
    rows, step = Rows(), 2 if kind_of(kind).doubled else 1
    for done, triple in enumerate(triples):
        first, second, third = (Fraction(label, step) for label in triple)
        block = coupling_block(kind, first, second, third, basis)
        degrees = np.broadcast_to(np.array(triple, dtype=np.int64), block.indices.shape)
        rows.append(np.hstack([degrees, step * block.indices - degrees]), block)
        if progress is not None:
            progress(done + 1, len(triples))
    return rows


def _triples(key: TableKey) -> Iterator[tuple[int, int, int]]:
    """Yield the degrees (doubled where the table's are) that couple, in order."""
    values, kind = dict(key.parameters), kind_of(key.kind)
    factor = 2 if kind.doubled else 1
    top, out = factor * int(values["lmax"]), factor * int(values["lmax_out"])
    step = 2 if kind.doubled or kind.name == "gaunt" else 1  # spins keep parity; Gaunt needs l1+l2+l3 even
    for first in range(top + 1):
        for second in range(top + 1):
            for third in range(abs(first - second), min(first + second, out) + 1, step):
                yield first, second, third


def rotation_rows(spins: Sequence[int], progress: Progress | None = None) -> Rows:
    """Collect d(pi/2) of some doubled spins; a row's labels are doubled."""
    rows = Rows()
    for done, two_j in enumerate(spins):
        block = wigner_d_pi_half(Fraction(two_j, 2))
        labels = np.full((block.nnz, 1), two_j, dtype=np.int64)
        rows.append(np.hstack([labels, 2 * block.indices - two_j]), block)
        if progress is not None:
            progress(done + 1, len(spins))
    return rows


def _change_of_basis(key: TableKey, progress: Progress | None) -> Rows:
    """Take a change of basis apart: its first axis is l*l+l+m, the others are u (and v) from their lowest."""
    values, shape = dict(key.parameters), kind_of(key.kind).shape
    lmax, basis = int(values["lmax"]), key.convention.basis
    band = int(values.get("band_limit", lmax))
    if key.kind == "theta_fourier":
        array = theta_fourier(lmax)
    elif key.kind == "theta_projection":
        array = theta_projection(lmax, band)
    elif key.kind == "fourier_from_harmonics":
        array = fourier_from_harmonics(lmax, basis=basis)
    else:
        array = harmonics_from_fourier(lmax, band, basis=basis)
    harmonic, waves = array.indices[:, :1], array.indices[:, 1:]
    degree = np.array([[isqrt(value)] for value in harmonic[:, 0].tolist()], dtype=np.int64).reshape(-1, 1)
    order = harmonic - degree * degree - degree
    rows = Rows()
    rows.append(np.hstack([degree, order, waves - (0 if shape == "theta" else band)]), array)
    if progress is not None:
        progress(1, 1)
    return rows
