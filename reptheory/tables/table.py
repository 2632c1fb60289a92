"""Table: the nonzero values of one family of coefficients, exact and correctly rounded, in one frozen object.

Row r has the labels index[r] and the value

    sign[r] * i^i_power[r] * sqrt(numerator[r] / denominator[r] * pi^pi_power)

Rows ascend in lexicographic order of their labels. The float columns hold that value without its power of i,
each rounded once from the exact value; `build` has proven it and `build.certify` proves it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from reptheory.conventions import Convention
from reptheory.errors import LabelError, OperandError, TableCorrupt, TableMismatch, TooLarge
from reptheory.groups.labels import projection, two_label, two_spin, whole
from reptheory.groups.labels import shown as shown_label
from reptheory.immutable import immutable
from reptheory.tables.archive import array_digest, read_arrays, read_manifest, write
from reptheory.tables.files import open_regular, replace_file, shown
from reptheory.tables.format import Header, header_of, specs_for
from reptheory.tables.kinds import TableKey, kind_of
from reptheory.tables.parts import PART_ROWS, Entry, Part, integers
from reptheory.tables.rules import Column, check_index

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from io import BufferedReader
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import DTypeLike, NDArray

__all__ = ["Entry", "Table", "check_values", "read_table"]


@dataclass(frozen=True, eq=False)
class Table:
    """A proven table; build one with `reptheory.build_table`, read one with `read_table`.

    key           kind and parameters
    index         (rows, columns) int32; the columns are `index_names`
    float64       (rows,) nearest doubles
    float32       (rows,) nearest single precision numbers, rounded from the exact value
    sign          (rows,) int8, 1 or -1
    numerator     (rows, limbs) uint64, least significant limb first
    denominator   (rows, limbs) uint64
    i_power       (rows,) uint8, 0 or 1; None when no value has a factor i
    generator     version of the rules that built it
    All arrays are immutable. Two tables are equal when their fingerprints are.
    """

    key: TableKey
    index: NDArray[np.int32]
    float64: NDArray[np.float64]
    float32: NDArray[np.float32]
    sign: NDArray[np.int8]
    numerator: NDArray[np.uint64]
    denominator: NDArray[np.uint64]
    i_power: NDArray[np.uint8] | None
    generator: int

    def __post_init__(self) -> None:
        for name in ("index", "float64", "float32", "sign", "numerator", "denominator", "i_power"):
            array = getattr(self, name)
            if array is not None:
                object.__setattr__(self, name, immutable(array))

    @property
    def kind(self) -> str:
        """Kind of table, one of `reptheory.tables.kinds.KINDS`."""
        return self.key.kind

    @property
    def parameters(self) -> Mapping[str, int | str]:
        """Every parameter by name: lmax, basis, and lmax_out or band_limit where the kind has one."""
        return MappingProxyType(dict(self.key.parameters))

    @property
    def convention(self) -> Convention:
        """The convention that the values follow."""
        return self.key.convention

    @property
    def index_names(self) -> tuple[str, ...]:
        """Names of the index columns; "two_..." marks doubled labels."""
        return kind_of(self.kind).index_names

    @property
    def pi_power(self) -> int:
        """Power of pi under every square root."""
        return self.key.pi_power

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays together."""
        return sum(array.nbytes for array in self._arrays)

    @property
    def _arrays(self) -> tuple[NDArray[Any], ...]:
        """The arrays in file order."""
        arrays: tuple[NDArray[Any], ...] = (
            self.index, self.float64, self.float32, self.sign, self.numerator, self.denominator,
        )  # fmt: skip
        return arrays if self.i_power is None else (*arrays, self.i_power)

    @cached_property
    def header(self) -> Header:
        """What the manifest states; it takes one pass over the arrays to hash them."""
        limbs = (self.numerator.shape[1], self.denominator.shape[1])
        specs = specs_for(self.index.shape[1], len(self), limbs, self.i_power is not None)
        stored = (_stored(array, spec.dtype) for array, spec in zip(self._arrays, specs, strict=True))
        return Header(self.key, len(self), specs, tuple(map(array_digest, stored)), self.generator)

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest, as a fresh dictionary of plain JSON values."""
        return self.header.manifest

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical manifest, which holds the SHA-256 of every array."""
        return self.header.fingerprint

    def __len__(self) -> int:
        return len(self.index)

    def __eq__(self, other: object) -> bool:
        return self.fingerprint == other.fingerprint if isinstance(other, Table) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"<Table {self.key}: {len(self)} rows>"

    def __reduce__(self) -> tuple[type[Table], tuple[Any, ...]]:
        fields = (
            self.key,
            self.index,
            self.float64,
            self.float32,
            self.sign,
            self.numerator,
            self.denominator,
        )
        return Table, (*fields, self.i_power, self.generator)

    def values(self, dtype: DTypeLike = np.float64) -> NDArray[Any]:
        """Return the nonzero values, in row order.

        dtype     float64 or float32 (the stored, read-only column), complex128 or complex64 (a fresh array
                  with the factors i applied; exact, since those only swap the parts)
        raises    OperandError: another dtype, or a real one for a table that holds imaginary values
        """
        wanted = np.dtype(dtype)
        if wanted.char not in "fdFD" or not wanted.isnative:
            raise OperandError(f"dtype: got {wanted}; choose float32, float64, complex64 or complex128")
        real: NDArray[Any] = self.float64 if wanted.char in "dD" else self.float32
        if wanted.kind == "f":
            if self.i_power is not None:
                raise OperandError(
                    f"dtype: got {wanted}, but {self.key} holds imaginary values; ask for complex128"
                )
            return real
        result = np.zeros(len(self), dtype=wanted)
        turned = np.zeros(len(self), dtype=bool) if self.i_power is None else self.i_power == 1
        result.real[~turned] = real[~turned]
        result.imag[turned] = real[turned]
        return result

    def row(self, number: int) -> Entry:
        """Return row `number`, from 0 to len(self) - 1, with its integers put together."""
        return Entry(
            int(self.sign[number]),
            integers(self.numerator[number : number + 1])[0],
            integers(self.denominator[number : number + 1])[0],
            0 if self.i_power is None else int(self.i_power[number]),
            self.pi_power,
            float(self.float64[number]),
            float(self.float32[number]),
        )

    def lookup(self, *labels: object) -> Entry:
        """Return the value that the labels name: zero where a selection rule or accident makes it so.

        labels    one per index column; for "two_..." columns the label itself, so 0.5 and not 1
        raises    LabelError: a label the table does not cover, or one that no coefficient has
        """
        index = self._row_labels(labels)
        number = self._position(index)
        if number is None:
            return Entry(0, 0, 1, 0, self.pi_power, 0.0, 0.0)
        return self.row(number)

    def dense(self, *labels: object, dtype: DTypeLike = np.float64) -> NDArray[Any]:
        """Return the values whose labels begin with `labels` as a dense array, zeros filled in.

        labels    the first labels of a row; for couplings l1, l2, l3, for matrices l or j
        dtype     as `values`
        returns   one axis for each label left. Orders of a given degree stand at m + l (m + j), other labels
                  from the lowest that the table covers, doubled ones in steps of a half
        raises    LabelError: labels outside the table; OperandError: a dtype; TooLarge: 4 GiB or more

        For "gaunt" `table.dense(2, 1, 3)` has the shape (5, 3, 7).
        """
        rows, shape, places = self._dense_places(labels)
        values = self.values(dtype)
        block: NDArray[Any] = np.zeros(shape, dtype=values.dtype)
        block[places] = values[rows]
        return block

    def dense_exact(self, *labels: object) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Return the same block exactly: value = i^turns sqrt(|n| / d pi^pi_power), with the sign of n.

        returns   n, d: Python ints (dtype object), 0 and 1 where the value is zero; turns: uint8, 0 or 1
        raises    as `dense`
        """
        rows, shape, places = self._dense_places(labels)
        numerators, denominators = np.full(shape, 0, dtype=object), np.full(shape, 1, dtype=object)
        turns = np.zeros(shape, dtype=np.uint8)
        entries = [self.row(number) for number in range(rows.start, rows.stop)]
        numerators[places] = np.array([entry.sign * entry.numerator for entry in entries], dtype=object)
        denominators[places] = np.array([entry.denominator for entry in entries], dtype=object)
        turns[places] = [entry.i_power for entry in entries]
        return numerators, denominators, turns

    def _dense_places(self, labels: tuple[object, ...]) -> tuple[slice, tuple[int, ...], tuple[Any, ...]]:
        """Return the rows that begin with the labels, the shape of their block and their places in it."""
        columns = kind_of(self.kind).columns
        if len(labels) >= len(columns):
            raise LabelError(
                f"labels: got {len(labels)}; a {self.kind} row has {len(columns)}, so give fewer; `lookup` "
                "returns one value"
            )
        prefix = self._prefix(labels)
        low, high = self._range(prefix)
        axes = kind_of(self.kind).dense_axes(self.parameters, prefix)
        rest = self.index[low:high, len(prefix) :].astype(np.int64)
        places = tuple((rest[:, axis] - first) // step for axis, (first, step, _) in enumerate(axes))
        return slice(low, high), tuple(length for *_, length in axes), places

    def _row_labels(self, labels: tuple[object, ...]) -> tuple[int, ...]:
        """Turn labels into a row of the index; raise LabelError outside the table."""
        columns = kind_of(self.kind).columns
        if len(labels) != len(columns):
            names = ", ".join(column.label for column in columns)
            raise LabelError(f"labels: got {len(labels)}; a {self.kind} table needs {len(columns)}: {names}")
        return self._prefix(labels)

    def _prefix(self, labels: tuple[object, ...]) -> tuple[int, ...]:
        """Turn the first labels of a row into its first index entries; raise LabelError outside the table."""
        columns = kind_of(self.kind).columns[: len(labels)]
        row = [_label(label, column) for column, label in zip(columns, labels, strict=True)]
        for column, label, value in zip(columns, labels, row, strict=True):
            if column.of is not None:
                _check_order(columns[column.of], row[column.of], column, value)
            low, high = column.limits(self.parameters)
            if not low <= value <= high:
                unit = "doubled " if column.doubled else ""
                raise LabelError(
                    f"{column.label}: got {shown_label(label)}; {self.key} covers {unit}{low}..{high}; "
                    "load a larger table"
                )
        return tuple(row)

    def _position(self, labels: tuple[int, ...]) -> int | None:
        """Return the row with these labels; None when the value is zero."""
        low, high = self._range(labels)
        return low if low < high else None

    def _range(self, labels: tuple[int, ...]) -> tuple[int, int]:
        """Return the rows that begin with these labels, by bisection column after column."""
        low, high = 0, len(self)
        for column, label in enumerate(labels):
            part = self.index[low:high, column]
            first, last = np.searchsorted(part, label, "left"), np.searchsorted(part, label, "right")
            low, high = low + int(first), low + int(last)
        return low, high

    def parts(self, rows: int = PART_ROWS) -> Iterator[Part]:
        """Yield all rows in order, at most `rows` at a time, as views of the table's arrays."""
        for start in range(0, len(self), rows):
            yield self.part(start, min(rows, len(self) - start))

    def part(self, start: int, count: int) -> Part:
        """Return `count` rows from number `start`, as views of the table's arrays."""
        chosen = slice(start, start + count)
        return Part(
            start=start,
            pi_power=self.pi_power,
            index=self.index[chosen],
            float64=self.float64[chosen],
            float32=self.float32[chosen],
            sign=self.sign[chosen],
            numerator=self.numerator[chosen],
            denominator=self.denominator[chosen],
            i_power=None if self.i_power is None else self.i_power[chosen],
        )

    def column(self, name: str, rows: int = PART_ROWS) -> Iterator[NDArray[Any]]:
        """Yield one array of the file ("index", "float64", ...), at most `rows` rows at a time."""
        for start in range(0, len(self), rows):
            yield getattr(self, name)[start : start + rows]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the table to `path` atomically; the same table gives the same bytes everywhere.

        returns   the path written
        raises    StoreError: it cannot be written (nothing has changed then)
        """
        return replace_file(path, self.write)

    def write(self, stream: BinaryIO) -> None:
        """Write the table's file to an open binary stream."""
        header = self.header
        stored = [_stored(array, spec.dtype) for array, spec in zip(self._arrays, header.specs, strict=True)]
        write(stream, header.encoded, list(zip(header.specs, stored, strict=True)))


def _stored(array: NDArray[Any], dtype: str) -> NDArray[Any]:
    """Return the array as it stands in a file: little-endian and in C order."""
    return np.ascontiguousarray(array, dtype=dtype)


def _label(label: object, column: Column) -> int:
    """Read a label: degrees, spins and powers are not negative; doubled where the table doubles them."""
    if column.doubled:
        return two_label(label, column.label) if column.signed else two_spin(label, column.label)
    return whole(label, column.label, signed=column.signed or column.of is not None)


def _check_order(owner: Column, degree: int, column: Column, order: int) -> None:
    """Raise LabelError unless |order| <= degree, and of its parity where both are doubled."""
    if column.doubled == owner.doubled:
        factor = 1 if column.doubled else 2
        projection(factor * degree, factor * order, owner.label, column.label)


def read_table(path: str | os.PathLike[str], key: TableKey | None = None) -> Table:
    """Read a table file, believing nothing that it does not prove.

    path      a file written by `Table.save` or `reptheory build`
    key       the table that it must be; None accepts any
    returns   the table; every byte of the file has been compared with what its manifest implies
    raises    StoreError: cannot be opened or read; TableCorrupt: truncated, altered or not a table;
              TableMismatch: a sound table, but another one, or of another format version or convention;
              TooLarge: it does not fit in memory

    The hashes show damage, not intent: who can write the file can write its hashes. For a file from
    strangers, `reptheory verify FILE` proves every number.
    """
    try:
        with open_regular(path) as (stream, size):
            return _read(stream, size, key)
    except MemoryError as error:
        raise TooLarge(f"{shown(path)}: {error or 'the table does not fit in memory'}") from None
    except (TableCorrupt, TableMismatch) as error:
        raise type(error)(f"{shown(path)}: {error}") from None


def _read(stream: BufferedReader, size: int, key: TableKey | None) -> Table:
    """Read a table from a stream of `size` bytes."""
    encoded = read_manifest(stream, size)
    header = header_of(encoded)
    if key is not None and header.key != key:
        raise TableMismatch(f"holds {header.key}, wanted {key}; was the file renamed? rebuild it")
    arrays = read_arrays(stream, size, encoded, header.specs, header.digests)
    index = arrays[0]
    check_index(kind_of(header.key.kind), dict(header.key.parameters), index)
    columns: dict[str, Any] = {"i_power": None}
    columns.update((spec.name, array) for spec, array in zip(header.specs, arrays, strict=True))
    check_values(columns)
    return Table(key=header.key, generator=header.generator, **columns)


def check_values(columns: Mapping[str, Any], start: int = 0) -> None:
    """Raise TableCorrupt for a value that no table can hold: zero, infinite, NaN, or of the other sign.

    columns   the arrays of a file by their names; "i_power" may be None
    start     the number of their first row, for the message
    """
    float64, float32, sign = columns["float64"], columns["float32"], columns["sign"]
    good = np.isfinite(float64) & np.isfinite(float32) & (abs(sign) == 1)
    good &= (float64 * sign >= 0) & (float32 * sign >= 0)  # a tiny value may round to zero
    good &= columns["numerator"].any(axis=1) & columns["denominator"].any(axis=1)
    if columns["i_power"] is not None:
        good &= columns["i_power"] <= 1
    if not good.all():
        raise TableCorrupt(f"row {start + int(np.argmin(good))} holds an impossible value; rebuild the table")
