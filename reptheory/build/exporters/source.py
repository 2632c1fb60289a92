"""Source code: a table as constants of C, CUDA, Fortran, Rust or Julia, every float the same to the last bit.

C has hexadecimal literals. The others get the shortest decimal that reads back as the same float: their
compilers round correctly, and the tests compile and compare. A template for each language says how a file
looks; this module gives it the arrays, line by line, so that a large table is never held as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import jinja2

from reptheory.build.exporters.provenance import identifier, provenance_lines
from reptheory.build.exporters.selection import arrays_of, label_bits, shortest
from reptheory.tables.kinds import kind_of

if TYPE_CHECKING:
    from reptheory.tables.parts import RowSource

__all__ = ["LANGUAGES", "Language", "write_source"]

_DATA_VALUES: Final = 60
"""Values of one Fortran DATA statement: its lines stay far below the 255 that the standard allows."""


@dataclass(frozen=True, slots=True)
class Language:
    """How a language writes constants.

    template   file name of the template
    types      name of the type for i8, i16, i32, u8, u64, f32, f64
    float64    literal of a double
    float32    literal of a single
    limb       literal of an unsigned 64-bit integer
    brackets   around a row of several values
    filler     whether an array without rows must hold one row of zeros
    """

    template: str
    types: dict[str, str]
    float64: Callable[[float], str]
    float32: Callable[[float], str]
    limb: Callable[[int], str]
    brackets: tuple[str, str]
    filler: bool = False


@dataclass(frozen=True, slots=True)
class _Array:
    """One array of a table, for a template.

    name   as in the table's file
    type   in the language
    width  values a row; 0 for arrays of one axis
    bytes  of all values
    lines  the rows, each ended by a comma
    data   the rows as (first, last, [lines of values]) for Fortran's DATA statements
    """

    name: str
    type: str
    width: int
    bytes: int
    lines: Callable[[], Iterator[str]]
    data: Callable[[], Iterator[tuple[int, int, list[str]]]]


def _julia_single(value: float) -> str:
    """Julia's Float32 literals have the exponent f."""
    text = shortest(value, "float32")
    return text.replace("e", "f") if "e" in text else f"{text}f0"


def _fortran_limb(value: int) -> str:
    """Fortran has no unsigned integers: limbs from 2^63 on are bit patterns."""
    return f"{value}_int64" if value < 1 << 63 else f"z'{value:016X}'"


LANGUAGES: Final = {
    "c": Language(
        "table.h.j2",
        {f"{sign}{bits}": f"{'u' * (sign == 'u')}int{bits}_t" for sign in "iu" for bits in (8, 16, 32, 64)}
        | {"f32": "float", "f64": "double"},
        lambda value: float(value).hex(),
        lambda value: f"{float(value).hex()}f",
        lambda value: f"{value}ULL",
        ("{", "}"),
        filler=True,
    ),
    "fortran": Language(
        "table.f90.j2",
        {f"{sign}{bits}": f"integer(int{bits})" for sign in "iu" for bits in (8, 16, 32, 64)}
        | {"f32": "real(real32)", "f64": "real(real64)"},
        lambda value: f"{shortest(value, 'float64')}_real64",
        lambda value: f"{shortest(value, 'float32')}_real32",
        _fortran_limb,
        ("", ""),
    ),
    "rust": Language(
        "table.rs.j2",
        {f"{sign}{bits}": f"{sign}{bits}" for sign in "iuf" for bits in (8, 16, 32, 64)},
        lambda value: shortest(value, "float64"),
        lambda value: shortest(value, "float32"),
        str,
        ("[", "]"),
    ),
    "julia": Language(
        "table.jl.j2",
        {f"{sign}{bits}": f"{'U' * (sign == 'u')}Int{bits}" for sign in "iu" for bits in (8, 16, 32, 64)}
        | {"f32": "Float32", "f64": "Float64"},
        lambda value: shortest(value, "float64"),
        _julia_single,
        lambda value: f"0x{value:016x}",
        ("", ""),
    ),
}
"""Every language by the name of its format."""


@lru_cache(maxsize=1)
def _templates() -> jinja2.Environment:
    """Return the templates of this package; code is never HTML, so nothing is escaped."""
    return jinja2.Environment(  # noqa: S701
        loader=jinja2.PackageLoader("reptheory.build.exporters"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )


def write_source(source: RowSource, stream: BinaryIO, columns: tuple[str, ...], language: str) -> None:
    """Write the selected arrays as source code of one of `LANGUAGES`."""
    header, chosen = source.header, LANGUAGES[language]
    kind, name = kind_of(header.key.kind), identifier(header.key)
    arrays = [_array(source, chosen, array) for array in arrays_of(header, columns)]
    template = _templates().get_template(chosen.template)
    text = template.generate(
        name=name,
        camel=name.title().replace("_", ""),
        provenance=provenance_lines(source),
        rows=header.rows,
        labels=kind.index_names,
        pi_power=header.key.pi_power,
        arrays=arrays,
        bytes=sum(array.bytes for array in arrays),
    )
    for piece in text:
        stream.write(piece.encode("ascii"))


def _array(source: RowSource, language: Language, name: str) -> _Array:
    """Describe one array to a template."""
    spec = next(spec for spec in source.header.specs if spec.name == name)
    width = spec.shape[1] if len(spec.shape) == 2 else 0
    code = {"index": f"i{label_bits(source.header)}", "numerator": "u64", "denominator": "u64"}.get(
        name, {"float64": "f64", "float32": "f32", "sign": "i8"}.get(name, "u8")
    )
    literal: Callable[[Any], str] = {
        "f64": language.float64,
        "f32": language.float32,
        "u64": language.limb,
    }.get(code, str)
    size = int(code[1:]) // 8 * max(1, width) * source.header.rows
    filler = language.filler and not len(source)

    def lines() -> Iterator[str]:
        left, right = language.brackets
        if filler:
            yield f"{left}{', '.join(['0'] * width)}{right}," if width else "0,"
        for rows in source.column(name):
            for row in rows.tolist():
                yield f"{left}{', '.join(map(literal, row))}{right}," if width else f"{literal(row)},"

    def data() -> Iterator[tuple[int, int, list[str]]]:
        done, step = 0, max(1, _DATA_VALUES // max(1, width))
        for rows in source.column(name, step):
            values = [literal(value) for value in rows.reshape(-1).tolist()]
            most = width if name == "index" else 3  # lines of at most 132 characters
            pieces = [", ".join(values[start : start + most]) for start in range(0, len(values), most)]
            yield done + 1, done + len(rows), pieces
            done += len(rows)

    return _Array(name, language.types[code], width, size, lines, data)
