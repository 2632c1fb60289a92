"""Pieces: a table cut into pieces that are built, proven, sent and kept one by one, and joined again.

The cut depends on the table's key alone, never on the machine or on how many workers there are, so a piece
that one build kept serves any later one. A piece travels and rests as a file of its own (the layout of
tables/archive.py with a manifest that names the piece), and is checked against its hashes wherever it
arrives. Rows do not depend on each other, so the joined table is byte for byte the one built in a piece.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from reptheory.build.compiled import compiled_floats, compiled_squares, worth_compiling
from reptheory.build.proof import proven_floats
from reptheory.build.recipes import RECIPES, block_of
from reptheory.build.rows import Rows
from reptheory.build.size import most_rows
from reptheory.errors import TableCorrupt, TableMismatch
from reptheory.tables.archive import array_digest, read_arrays, read_manifest, write
from reptheory.tables.format import GENERATOR_VERSION, canonical, parse_json, specs_for
from reptheory.tables.kinds import kind_of
from reptheory.tables.rules import check_index
from reptheory.tables.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from reptheory.build.blocks import Block
    from reptheory.build.rows import Progress
    from reptheory.tables.kinds import TableKey

__all__ = [
    "Columns",
    "Piece",
    "cut",
    "decode",
    "encode",
    "join",
    "prove",
    "proven_bytes",
    "table_of",
]

_FORMAT: Final = "reptheory-table-piece"
_VERSION: Final = 1
PIECE_ROWS: Final = 200_000
"""Rows that a piece is filled to: about half a second of work, ten megabytes to keep."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The arrays of some rows of a table, named and shaped as in `Table`; i_power is always there."""

    index: NDArray[np.int32]
    float64: NDArray[np.float64]
    float32: NDArray[np.float32]
    sign: NDArray[np.int8]
    numerator: NDArray[np.uint64]
    denominator: NDArray[np.uint64]
    i_power: NDArray[np.uint8]

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """The arrays in file order."""
        integers = (self.sign, self.numerator, self.denominator, self.i_power)
        return (self.index, self.float64, self.float32, *integers)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some consecutive blocks of a table.

    key           the table
    number        which piece, from 0
    count         how many pieces the table has
    first, last   its blocks: from `first`, before `last`
    rows          an upper bound of its rows, near enough to weigh pieces by
    """

    key: TableKey
    number: int
    count: int
    first: int
    last: int
    rows: int

    @property
    def file_name(self) -> str:
        """Name of the file that the piece is kept in."""
        return f"{self.number + 1}-of-{self.count}.npz"

    def __str__(self) -> str:
        return f"piece {self.number + 1} of {self.count} of {self.key}"


def cut(key: TableKey) -> tuple[Piece, ...]:
    """Cut a table into pieces of about `PIECE_ROWS` rows, each at least one block.

    >>> from reptheory.tables.kinds import table_key
    >>> [str(piece) for piece in cut(table_key("gaunt", 1))]
    ['piece 1 of 1 of gaunt(basis=real, lmax=1, lmax_out=2)']
    """
    before = np.concatenate([[0], np.cumsum(_block_rows(key))])
    number = np.maximum(before[1:] - 1, 0) // PIECE_ROWS  # of the piece that a block's last row falls into
    edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(number)]
    rows, count = np.diff(before[edges]).tolist(), len(edges) - 1
    return tuple(Piece(key, k, count, edges[k], edges[k + 1], rows[k]) for k in range(count))


@lru_cache(maxsize=2)
def _blocks(key: TableKey) -> tuple[tuple[int, ...], ...]:
    """Return the labels of every block; a worker needs them for each of its pieces."""
    return tuple(RECIPES[key.kind].blocks(key))


def _block_rows(key: TableKey) -> NDArray[np.int64]:
    """Bound the rows of each block from above, closely for couplings: accidental zeros are what it misses.

    A complex block (l1, l2, l3) has (2 l1 + 1)(2 l2 + 1) pairs m1, m2, less two corners with |m1 + m2| > l3
    of s (s + 1) / 2 each, s = l1 + l2 - l3. A real one has twice as many where no m is 0: four choices of
    sign for each two pairs (m1, m2), (-m1, -m2); as many where one m is 0. Other kinds share the bound of the
    whole table out by the cube of a block's last label, as the number of their rows grows.
    """
    kind, blocks = kind_of(key.kind), np.array(_blocks(key), dtype=np.int64)
    if "lmax_out" not in kind.parameters:
        weight = np.ones(len(blocks)) if blocks.shape[1] != 1 else (blocks[:, 0] + 1.0) ** 3
        shares: NDArray[np.int64] = np.ceil(weight / weight.sum() * most_rows(key)).astype(np.int64)
        return shares
    one, two, three = (blocks if kind.doubled else 2 * blocks).T
    excess = (one + two - three) // 2
    pairs = np.asarray((one + 1) * (two + 1) - excess * (excess + 1))
    if key.convention.basis == "complex":
        return pairs
    zeros = np.minimum(one, two) + np.minimum(one, three) + np.minimum(two, three)
    return np.asarray(2 * pairs - zeros - 1)


def _exact_rows(piece: Piece, progress: Progress | None = None) -> Rows:
    """Compute every nonzero value of a piece exactly."""
    rows = Rows()
    labels = _blocks(piece.key)[piece.first : piece.last]
    for done, block in enumerate(labels):
        rows.append(block_of(piece.key, block))
        if progress is not None:
            progress(done + 1, len(labels))
    return rows


def prove(piece: Piece, progress: Progress | None = None) -> Columns:
    """Build a piece from exact values; every float in it is proven the nearest to its exact value."""
    kind, blocks = kind_of(piece.key.kind), _blocks(piece.key)[piece.first : piece.last]
    exact = compiled_squares(piece.key, blocks, piece.rows)
    if exact is not None:
        if progress is not None:
            progress(len(blocks), len(blocks))
    else:
        rows = _exact_rows(piece, progress)
        exact = rows.packed(len(kind.index_names))
    if worth_compiling(piece.key):
        floats = compiled_floats(exact, piece.key.pi_power)
    else:
        values = rows.numerators, rows.denominators, piece.key.pi_power
        floats = proven_floats(*values, "float64"), proven_floats(*values, "float32")
    return Columns(exact.index, *floats, exact.sign, exact.numerator, exact.denominator, exact.i_power)


def table_of(key: TableKey, block: Block) -> Table:
    """Return the table that consists of one block, its floats proven."""
    rows = Rows()
    rows.append(block)
    exact, values = rows.packed(len(kind_of(key.kind).index_names)), (rows.numerators, rows.denominators)
    floats = (
        proven_floats(*values, key.pi_power, "float64"),
        proven_floats(*values, key.pi_power, "float32"),
    )
    columns = Columns(exact.index, *floats, exact.sign, exact.numerator, exact.denominator, exact.i_power)
    return join(key, [columns])


def join(key: TableKey, pieces: Sequence[Columns]) -> Table:
    """Put the pieces of a table together, in order."""
    stacked = (_stack(arrays) for arrays in zip(*(piece.arrays for piece in pieces), strict=True))
    columns = pieces[0] if len(pieces) == 1 else Columns(*stacked)
    return Table(
        key=key,
        index=columns.index,
        float64=columns.float64,
        float32=columns.float32,
        sign=columns.sign,
        numerator=columns.numerator,
        denominator=columns.denominator,
        i_power=columns.i_power if columns.i_power.any() else None,
        generator=GENERATOR_VERSION,
    )


def _stack(arrays: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """Concatenate one column of every piece; integers get as many limbs as the longest of them needs."""
    pieces = list(arrays)
    if pieces[0].ndim == 1:
        return np.concatenate(pieces)
    width = max(piece.shape[1] for piece in pieces)
    whole = np.zeros((sum(map(len, pieces)), width), dtype=pieces[0].dtype)
    start = 0
    for piece in pieces:
        whole[start : start + len(piece), : piece.shape[1]] = piece
        start += len(piece)
    return whole


def proven_bytes(piece: Piece) -> bytes:
    """Build a piece and return its file: what a worker does. Importable, so that any executor can send it."""
    return encode(piece, prove(piece))


def encode(piece: Piece, columns: Columns) -> bytes:
    """Write a piece as the bytes of its file."""
    widths = (columns.numerator.shape[1], columns.denominator.shape[1])
    specs = specs_for(columns.index.shape[1], len(columns.index), widths, imaginary=True)
    arrays = [
        np.ascontiguousarray(array, dtype=spec.dtype)
        for array, spec in zip(columns.arrays, specs, strict=True)
    ]
    manifest = _manifest(piece, len(columns.index), widths, [array_digest(array) for array in arrays])
    stream = io.BytesIO()
    write(stream, canonical(manifest), list(zip(specs, arrays, strict=True)))
    return stream.getvalue()


def _manifest(piece: Piece, rows: int, widths: tuple[int, int], digests: Sequence[str]) -> dict[str, Any]:
    """Return the manifest of a piece: whose piece it is, and what it holds."""
    return {
        "format": _FORMAT,
        "version": _VERSION,
        "generator": GENERATOR_VERSION,
        "convention": piece.key.convention.fingerprint,
        "kind": piece.key.kind,
        "parameters": dict(piece.key.parameters),
        "piece": [piece.number, piece.count, piece.first, piece.last],
        "rows": rows,
        "limbs": list(widths),
        "sha256": list(digests),
    }


def decode(piece: Piece, data: bytes) -> Columns:
    """Read a piece from the bytes of its file, believing nothing that they do not prove.

    raises   TableCorrupt: truncated or altered; TableMismatch: another piece, or of other rules
    """
    stream = cast("io.BufferedReader", io.BytesIO(data))
    raw = read_manifest(stream, len(data))
    found = parse_json(raw, str(piece))
    try:
        rows, widths, digests = _free_fields(found)
    except (KeyError, TypeError, ValueError):
        raise TableCorrupt(f"{piece}: its manifest is broken; build it again") from None
    if found != _manifest(piece, rows, widths, digests):
        raise TableMismatch(f"{piece}: the file holds another piece, or one of another version")
    kind = kind_of(piece.key.kind)
    specs = specs_for(len(kind.index_names), rows, widths, imaginary=True)
    columns = Columns(*read_arrays(stream, len(data), raw, specs, digests))
    check_index(kind, dict(piece.key.parameters), columns.index)
    return columns


def _free_fields(manifest: dict[str, Any]) -> tuple[int, tuple[int, int], list[str]]:
    """Return what the piece does not imply; raise KeyError, TypeError or ValueError if it is broken."""
    rows, (first, second), digests = manifest["rows"], manifest["limbs"], manifest["sha256"]
    if not all(type(number) is int and 0 <= number < 1 << 40 for number in (rows, first, second)):
        raise ValueError
    if len(digests) != len(fields(Columns)) or not all(isinstance(digest, str) for digest in digests):
        raise ValueError
    return rows, (first, second), list(digests)
