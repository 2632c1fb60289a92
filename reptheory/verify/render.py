"""Render: a report as a table for a terminal, as JSON for a program, as one HTML page for people.

The page holds its style and its figures and loads nothing. JSON has one field per field of `results.Report`;
numbers that JSON lacks are the strings "inf", "-inf" and "nan".
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from reptheory.tables.files import replace_file
from reptheory.verify.exact_product import BITS
from reptheory.verify.features import CHANNELS, CUTOFF

if TYPE_CHECKING:
    import os

    from rich.console import Console
    from rich.table import Table

    from reptheory.verify.results import Report, Row

__all__ = ["MEANINGS", "as_json", "page", "print_table", "write_html", "write_json"]

_WIDTH = 80  # columns that the results need

FORMAT = 1
"""Version of the JSON layout; it grows when a field changes its meaning."""

MEANINGS = {
    "error within its bound": "The computed product differs from the exact one by no more than the bound "
    "that it proves beforehand, at every degree.",
    "error within its certificate": "Nor by more than its certificate, a second evaluation in wider "
    "arithmetic that looks at the result.",
    "equivariance under rotation": "Rotating the inputs rotates the output, within the proven bounds and the "
    "rounding of the rotated inputs.",
    "equivariance under inversion": "Inverting space multiplies every output by its parity.",
    "methods agree": "The methods of one product differ by no more than their bounds together.",
    "features come back from the grid": "Features taken to a grid of the sphere and back are what they were, "
    "within the bounds of both transforms.",
    "products by points are Gaunt products": "Two functions multiplied point by point on the grid have "
    "the coefficients of the exact Gaunt product, within the bound.",
    "products of three": "x x y, kept in full until it is truncated at the degree of x, is the exact product "
    "of three functions within its bound, by table, grid and Fourier basis.",
    "layers of networks": "Gaunt interactions and convolutions, symmetric contractions and products of spins "
    "differ from exact values by no more than their bounds and their certificates.",
    "odd paths lost, even paths at their ratio": "The Gaunt product has lost exactly the paths with "
    "l1 + l2 + l3 odd; the others are a fixed multiple of Clebsch-Gordan.",
    "table correctly rounded": "Every float of the tables is the one nearest to its exact value, and every "
    "exact value was computed again.",
}
"""Each kind of check in one sentence."""


def number(value: float, digits: int = 2) -> str:
    """Write a magnitude in a few characters.

    >>> [number(value) for value in (0.0, 3.14159e-7, 12.345, 4321.0, 0.5)]
    ['0', '3.1e-07', '12', '4300', '0.5']
    """
    if 100 <= abs(value) < 1e7:
        return f"{round(value, digits - 1 - math.floor(math.log10(abs(value)))):.0f}"
    return "0" if value == 0 else f"{value:.{digits}g}"


def print_table(report: Report, console: Console) -> None:
    """Print the results and the verdict; a narrow terminal folds lines rather than lose digits.

    The columns are those of `results.Row`; "bound / error" and "cert. / error" say how tight each is.
    """
    from rich.markup import escape  # noqa: PLC0415

    def show(text: str) -> None:
        console.print(text, highlight=False, soft_wrap=True)

    names = escape(", ".join(molecule.name for molecule in report.molecules))
    show(f"[bold]{names}[/]: {report.samples} pairs of features, l <= {report.lmax}")
    width = console.width
    console.width = max(width, _WIDTH)
    try:
        console.print(_results(report, console))
    finally:
        console.width = width
    for molecule in report.molecules:
        if molecule.samples < molecule.available:
            show(f"{escape(molecule.name)}: {molecule.samples} of {molecule.available} samples multiplied")
    for name, (held, total) in report.tally.items():
        mark = "[green]holds[/]" if held == total else "[bold red]FAILS[/]"
        show(f"  {mark}  {held:>3} of {total:<3}  {name}")
    for check in report.checks:
        if not check.holds:
            figures = ", ".join(f"{name} {number(value, 3)}" for name, value in check.figures.items())
            show(f"[red]{check.name}: {escape(check.subject)}: {figures}[/]")
    verdict = "[bold green]every check holds" if report.holds else "[bold red]a check fails"
    show(f"{verdict}[/]: {len(report.checks)} checks in {report.seconds:.1f} s")


def _results(report: Report, console: Console) -> Table:
    """Return the results as a rich table."""
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    unit = "us" if console.options.ascii_only else "µs"
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    for heading in ("\nproduct", "\nprecision"):
        table.add_column(heading, no_wrap=True)
    for heading in (
        "worst\nerror",
        "proven\nbound",
        "bound\n/ error",
        "cert.\n/ error",
        "rotated\nerror",
        "its\nbound",
        f"time\n{unit}",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    failing = not all(row.holds for row in report.rows)
    if failing:
        table.add_column("", no_wrap=True)
    for at, row in enumerate(report.rows):
        last = at + 1 == len(report.rows) or report.rows[at + 1].method != row.method
        last |= at + 1 < len(report.rows) and report.rows[at + 1].family != row.family
        mark = (("", "[bold red]FAILS[/]")[not row.holds],) if failing else ()
        table.add_row(*_cells(row), *mark, end_section=last and at + 1 < len(report.rows))
    return table


def _cells(row: Row) -> tuple[str, ...]:
    """Return the cells of a row as text."""
    return (
        _product(row),
        "f32 in f64" if row.precision == "float32 in float64" else row.precision,
        number(row.worst_error),
        number(row.worst_bound),
        number(row.tightness),
        f"{row.certificate_tightness:.3f}" if row.certificate_tightness else "0",
        number(row.rotation_error),
        number(row.rotation_tolerance),
        number(row.microseconds),
    )


def _product(row: Row) -> str:
    """Name a product and its method in few letters."""
    if row.family == "Gaunt":
        return f"Gaunt {row.method}"
    return row.family if row.method == "table" else f"CG by {row.method}"


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as plain JSON values."""
    values: dict[str, Any] = {"format": FORMAT, "holds": report.holds, **_plain(report)}
    values["convention"]["fingerprint"] = report.convention.fingerprint
    return values


def _plain(value: Any) -> Any:
    """Return dataclasses, mappings and tuples as dictionaries and lists, numbers as finite ones or words."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain({name: getattr(value, name) for name in value.__dataclass_fields__})
    if hasattr(value, "items"):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def write_json(report: Report, path: str | os.PathLike[str]) -> None:
    """Write the report as JSON; raise StoreError when the file cannot be written."""
    text = json.dumps(as_json(report), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    replace_file(path, lambda stream: stream.write(text.encode("utf-8")))


def write_html(report: Report, path: str | os.PathLike[str]) -> None:
    """Write the report as one page; raise StoreError when the file cannot be written."""
    text = page(report)
    replace_file(path, lambda stream: stream.write(text.encode("utf-8")))


def page(report: Report) -> str:
    """Return the report as HTML: the template of this package with the figures of `plots` in it."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    from reptheory.verify import plots  # noqa: PLC0415

    environment = Environment(
        loader=PackageLoader("reptheory.verify", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    figures = {  # our own SVG, which holds no text of the caller's: the template takes it as it is
        "error": plots.error_plot(report),
        "cost": plots.cost_plot(report),
        "sparsity": plots.sparsity_plot(report),
        "pattern": plots.coefficient_plot(),
    }
    return environment.get_template("report.html.j2").render(
        report=report,
        convention=asdict(report.convention),
        fingerprint=report.convention.fingerprint,
        meanings=MEANINGS,
        cutoff=CUTOFF,
        channels=CHANNELS,
        bits=BITS,
        figures=figures,
        colours={f"{family} {method}": colour for (family, method), colour in plots.COLOURS.items()},
    )
