"""Mathematica, LaTeX and Markdown: tables of exact values for people and for computer algebra."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from typing import TYPE_CHECKING, BinaryIO

from reptheory.build.exporters.provenance import provenance, provenance_lines
from reptheory.build.exporters.selection import shortest
from reptheory.build.proof import entry_surd
from reptheory.groups.labels import spelled
from reptheory.tables.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reptheory.tables.parts import Entry, RowSource

__all__ = ["latex_value", "mathematica_value", "write_latex", "write_markdown", "write_mathematica"]


def _root(entry: Entry) -> tuple[Fraction, Fraction]:
    """Return (rational, radicand) with |value| = rational * sqrt(radicand * pi^pi_power), one of them 1."""
    square = Fraction(entry.numerator, entry.denominator)
    top, bottom = isqrt(square.numerator), isqrt(square.denominator)
    if entry.pi_power == 0 and top * top == square.numerator and bottom * bottom == square.denominator:
        return Fraction(top, bottom), Fraction(1)
    return Fraction(1), square


def mathematica_value(entry: Entry) -> str:
    """Write an exact value as an expression of the Wolfram language.

    >>> from reptheory.tables.parts import Entry
    >>> mathematica_value(Entry(-1, 3, 8, 1, -1, 0.0, 0.0))
    '-I*Sqrt[3/(8*Pi)]'
    """
    rational, square = _root(entry)
    sign = "-" if entry.sign < 0 else ""
    unit = "I*" if entry.i_power else ""
    if square == 1 and entry.pi_power == 0:
        return f"{sign}{unit}{rational}"
    pi = _power("Pi", abs(entry.pi_power))
    top = "*".join(word for word in (str(square.numerator), pi if entry.pi_power > 0 else "") if word)
    bottom = "*".join(word for word in (str(square.denominator), pi if entry.pi_power < 0 else "") if word)
    inside = top if bottom == "1" else f"{top}/{bottom}" if "*" not in bottom else f"{top}/({bottom})"
    return f"{sign}{unit}Sqrt[{inside}]"


def latex_value(entry: Entry) -> str:
    r"""Write an exact value for the mathematics of LaTeX.

    >>> from reptheory.tables.parts import Entry
    >>> latex_value(Entry(-1, 3, 8, 0, -1, 0.0, 0.0))
    '-\\sqrt{\\frac{3}{8\\pi}}'
    """
    rational, square = _root(entry)
    sign = "-" if entry.sign < 0 else ""
    unit = r"\mathrm{i}" if entry.i_power else ""
    if square == 1 and entry.pi_power == 0:
        number = _ratio(str(rational.numerator), str(rational.denominator))
        return f"{sign}{unit}" if unit and number == "1" else f"{sign}{unit}{number}"
    pi = _power(r"\pi", abs(entry.pi_power))
    top = str(square.numerator) if entry.pi_power <= 0 else f"{_factor(square.numerator)}{pi}"
    bottom = str(square.denominator) if entry.pi_power >= 0 else f"{_factor(square.denominator)}{pi}"
    return rf"{sign}{unit}\sqrt{{{_ratio(top, bottom)}}}"


def _power(base: str, exponent: int) -> str:
    """Write a power; a single one without its exponent."""
    return base if exponent == 1 else f"{base}^{exponent}"


def _factor(number: int) -> str:
    """Write a factor before pi."""
    return "" if number == 1 else str(number)


def _ratio(top: str, bottom: str) -> str:
    return top if bottom == "1" else rf"\frac{{{top}}}{{{bottom}}}"


def _lines(source: RowSource) -> Iterator[tuple[list[str], Entry]]:
    """Yield the labels of each row as people write them, halves as 1/2, and its value."""
    columns = kind_of(source.header.key.kind).columns
    factors = [1 if column.doubled else 2 for column in columns]
    for part in source.parts():
        for labels, entry in part.rows():
            yield [spelled(factor * label) for factor, label in zip(factors, labels, strict=True)], entry


def _labels(source: RowSource) -> list[str]:
    return [column.label for column in kind_of(source.header.key.kind).columns]


def write_mathematica(source: RowSource, stream: BinaryIO) -> None:
    """Write an association with the provenance, the labels, and a rule from labels to value for each row."""
    known = provenance(source)
    manifest = known.pop("manifest")
    fields: dict[str, object] = {
        "Kind": manifest["kind"],
        "Parameters": manifest["parameters"],
        "Convention": manifest["convention"],
        "Provenance": known,
        "Labels": _labels(source),
    }
    head = [f"(* {line} *)" for line in provenance_lines(source)]
    head += ["<|", *(f'"{name}" -> {_wolfram(value)},' for name, value in fields.items())]
    stream.write(("\n".join([*head, '"Values" -> <|']) + "\n").encode("ascii"))
    for number, (labels, entry) in enumerate(_lines(source)):
        comma = ",\n" if number else ""
        stream.write(f"{comma}{{{', '.join(labels)}}} -> {mathematica_value(entry)}".encode("ascii"))
    stream.write(b"\n|>\n|>\n")


def _wolfram(value: object) -> str:
    """Write plain JSON values in the Wolfram language."""
    if isinstance(value, dict):
        inside: Mapping[str, object] = value
        return "<|" + ", ".join(f'"{name}" -> {_wolfram(item)}' for name, item in inside.items()) + "|>"
    if isinstance(value, list):
        return "{" + ", ".join(_wolfram(item) for item in value) + "}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def write_latex(source: RowSource, stream: BinaryIO) -> None:
    """Write a `longtable` to be included in a document: labels, exact value, nearest double."""
    names = [rf"${_subscript(name)}$" for name in _labels(source)]
    head = [f"% {line}" for line in provenance_lines(source)]
    head += [r"% \usepackage{longtable}", rf"\begin{{longtable}}{{{'r' * len(names)}ll}}"]
    head += [" & ".join([*names, "exact", "nearest double"]) + r" \\ \hline", r"\endhead"]
    stream.write(("\n".join(head) + "\n").encode("ascii"))
    for labels, entry in _lines(source):
        unit = r"\,\mathrm{i}" if entry.i_power else ""
        cells = [f"${label}$" for label in labels]
        cells += [f"${latex_value(entry)}$", f"${shortest(entry.float64, 'float64')}{unit}$"]
        stream.write((" & ".join(cells) + " \\\\\n").encode("ascii"))
    stream.write(b"\\end{longtable}\n")


def _subscript(name: str) -> str:
    """Write a label such as "l1" or "m_left" in mathematics."""
    stem, _, rest = name.partition("_")
    letter, digits = stem.rstrip("0123456789"), stem[len(stem.rstrip("0123456789")) :]
    letter = letter if len(letter) == 1 else rf"\mathrm{{{letter}}}"
    below = digits or (rf"\mathrm{{{rest}}}".replace("_", " ") if rest else "")
    return f"{letter}_{{{below}}}" if below else letter


def write_markdown(source: RowSource, stream: BinaryIO) -> None:
    """Write a table with the labels, the exact value, and both floats; the provenance is an HTML comment."""
    head = ["<!--", *provenance_lines(source), "-->", "", f"# {source.header.key}", ""]
    names = [*_labels(source), "exact", "float64", "float32"]
    head += [f"| {' | '.join(names)} |", f"|{'---:|' * len(names)}"]
    stream.write(("\n".join(head) + "\n").encode("utf-8"))
    for labels, entry in _lines(source):
        unit = "i" if entry.i_power else ""
        floats = [f"{shortest(getattr(entry, name), name)}{unit}" for name in ("float64", "float32")]
        stream.write(f"| {' | '.join([*labels, repr(entry_surd(entry)), *floats])} |\n".encode())
