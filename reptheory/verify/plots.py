"""Plots: the figures of the report as inline SVG, made without pyplot, so that no global state is touched.

The same report gives the same bytes: the ids come from a fixed salt and no date is written.
"""

from __future__ import annotations

import io
import math
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from reptheory.verify.results import Curve, Report

__all__ = ["COLOURS", "coefficient_plot", "cost_plot", "error_plot", "sparsity_plot"]

COLOURS: Final = {
    ("Clebsch-Gordan", "table"): "#334155",
    ("Clebsch-Gordan", "matrix"): "#be185d",
    ("Clebsch-Gordan", "vector"): "#1d4ed8",
    ("Gaunt", "table"): "#0f766e",
    ("Gaunt", "unrolled"): "#4d7c0f",
    ("Gaunt", "grid"): "#c2410c",
    ("Gaunt", "fourier"): "#7c3aed",
}
"""One colour per product and method, here and in the tables (dark enough to read on white)."""

_KIND_COLOURS: Final = {
    "clebsch_gordan": "#334155",
    "gaunt": "#0f766e",
    "fourier_from_harmonics": "#7c3aed",
}
_KIND_NAMES: Final = {
    "clebsch_gordan": "Clebsch-Gordan, all paths",
    "gaunt": "Gaunt",
    "fourier_from_harmonics": "harmonics to Fourier",
}
_STYLE: Final[Any] = {
    "svg.hashsalt": "reptheory",
    "svg.fonttype": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": "#94a3b8",
    "axes.labelcolor": "#334155",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e2e8f0",
    "grid.linewidth": 0.7,
    "xtick.color": "#475569",
    "ytick.color": "#475569",
    "text.color": "#0f172a",
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.0,
}


def _svg(draw: Callable[[], Figure], name: str) -> str:
    """Draw in our style and return SVG text to put into a page; every id starts with `name`."""
    import matplotlib as mpl  # noqa: PLC0415 (0.3 s that only a page needs)

    with mpl.rc_context(_STYLE):
        stream = io.StringIO()
        draw().savefig(stream, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = text.replace("'DejaVu Sans'", "system-ui, 'DejaVu Sans'")
    text = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', "", text, count=1)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    return re.sub(r'(url\(|href=")#', rf"\g<1>#{name}-", text)


def _panels(count: int, height: float, *, share: bool = False) -> tuple[Figure, Sequence[Axes]]:
    """Return a figure of panels side by side."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(9.6, height), layout="constrained")
    axes = figure.subplots(1, count, sharey=share, squeeze=False)[0]
    return figure, list(axes)


def _degrees(axes: Axes, degrees: Sequence[int]) -> None:
    """Label the horizontal axis with whole degrees."""
    axes.set_xlabel("highest degree L of the operands")
    axes.set_xticks(sorted(set(degrees)))


def _series(report: Report, precision: str) -> dict[tuple[str, str], list[Curve]]:
    """Return (product, method) -> points in one precision, by degree."""
    series: dict[tuple[str, str], list[Curve]] = {key: [] for key in COLOURS}
    for point in sorted(report.curves, key=lambda point: point.degree):
        if point.precision == precision:
            series[point.family, point.method].append(point)
    return {key: points for key, points in series.items() if points}


def error_plot(report: Report) -> str:
    """Worst error (solid) and worst proven bound (dashed) against L, a panel per precision."""
    precisions = list(dict.fromkeys(point.precision for point in report.curves))

    def draw() -> Figure:
        figure, panels = _panels(len(precisions), 3.9, share=True)
        for axes, precision in zip(panels, precisions, strict=True):
            for key, points in _series(report, precision).items():
                degrees = [point.degree for point in points]
                colour = COLOURS[key]
                label = _name(key)
                errors = [_positive(point.worst_error) for point in points]
                bounds = [_positive(point.worst_bound) for point in points]
                axes.plot(degrees, errors, "o-", color=colour, label=label)
                axes.plot(degrees, bounds, "--", color=colour, alpha=0.75)
            axes.set_yscale("log")
            axes.set_title(precision)
            _degrees(axes, [point.degree for point in report.curves])
        panels[0].set_ylabel("worst |error|  (solid),  worst bound  (dashed)")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
        return figure

    return _svg(draw, "error")


def cost_plot(report: Report) -> str:
    """Multiplications and measured time of one product against L."""

    def draw() -> Figure:
        figure, panels = _panels(2, 3.7)
        series = _series(report, "float32")
        for key, points in series.items():
            degrees = [point.degree for point in points]
            label = _name(key)
            panels[0].plot(degrees, [point.cost for point in points], "o-", color=COLOURS[key], label=label)
            panels[1].plot(degrees, [point.microseconds for point in points], "o-", color=COLOURS[key])
        for axes, title in zip(
            panels, ("multiplications a product", "microseconds a product, float32, in a batch"), strict=True
        ):
            axes.set_yscale("log")
            axes.set_title(title)
            _degrees(axes, [point.degree for point in report.curves])
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
        return figure

    return _svg(draw, "cost")


def sparsity_plot(report: Report) -> str:
    """Nonzeros of the tables (solid), entries of dense arrays (dashed), and the share of nonzeros."""

    def draw() -> Figure:
        figure, panels = _panels(2, 3.7)
        for kind, name in _KIND_NAMES.items():
            points = [point for point in report.sparsity if point.kind == kind]
            degrees = [point.degree for point in points]
            colour = _KIND_COLOURS[kind]
            panels[0].plot(degrees, [point.nonzeros for point in points], "o-", color=colour, label=name)
            panels[0].plot(degrees, [point.dense for point in points], "--", color=colour, alpha=0.75)
            share = [100 * point.nonzeros / point.dense for point in points]
            panels[1].plot(degrees, share, "o-", color=colour)
        for axes, title in zip(panels, ("nonzeros, and a dense array", "nonzeros, % of dense"), strict=True):
            axes.set_yscale("log")
            axes.set_title(title)
            _degrees(axes, [point.degree for point in report.sparsity])
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
        return figure

    return _svg(draw, "sparsity")


def coefficient_plot(degree: int = 2) -> str:
    """Every real Gaunt coefficient with l1, l2 <= degree: a row per output, a column per pair of inputs."""
    from reptheory.verify.exact_product import Coupling  # noqa: PLC0415

    def draw() -> Figure:
        coupling = Coupling.to(degree)
        points: list[tuple[int, int, float]] = []
        for path in coupling.paths:
            labels = path.l1, path.l2, path.l3
            ratio = float(coupling.ratios[labels])
            block = coupling.blocks[labels]
            values = (ratio * block.values()).tolist() if ratio else []
            for (i, j, k), value in zip(block.indices.tolist(), values, strict=False):
                column = (path.l1**2 + i) * coupling.dimension + path.l2**2 + j
                points.append((column, path.l3**2 + k, value))
        return _pattern(points, degree, coupling.dimension)

    return _svg(draw, "pattern")


def _pattern(points: Sequence[tuple[int, int, float]], degree: int, dimension: int) -> Figure:
    """Draw coefficients as dots: area by magnitude, colour by sign; lines between degrees."""
    figure, panels = _panels(1, 3.6)
    axes = panels[0]
    axes.grid(visible=False)
    largest = max(abs(value) for _, _, value in points)
    for sign, colour in ((1, "#0f766e"), (-1, "#c2410c")):
        chosen = [point for point in points if math.copysign(1, point[2]) == sign]
        axes.scatter(
            [point[0] for point in chosen],
            [point[1] for point in chosen],
            s=[26 * abs(point[2]) / largest for point in chosen],
            color=colour,
            linewidths=0,
            label="positive" if sign > 0 else "negative",
        )
    for l1 in range(1, degree + 1):
        axes.axvline(l1 * l1 * dimension - 0.5, color="#cbd5e1", linewidth=0.8)
    for l3 in range(1, 2 * degree + 1):
        axes.axhline(l3 * l3 - 0.5, color="#cbd5e1", linewidth=0.8)
    axes.set_xlim(-1, dimension**2)
    axes.set_ylim((2 * degree + 1) ** 2 - 0.5, -0.5)
    axes.set_xticks([(l1 * l1 + l1) * dimension + dimension / 2 for l1 in range(degree + 1)])
    axes.set_xticklabels([f"l1 = {l1}" for l1 in range(degree + 1)])
    axes.set_yticks([l3 * l3 + l3 for l3 in range(2 * degree + 1)])
    axes.set_yticklabels([f"l3 = {l3}" for l3 in range(2 * degree + 1)])
    axes.tick_params(length=0)
    axes.set_xlabel("pair of inputs (l1 m1, l2 m2)")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _name(key: tuple[str, str]) -> str:
    """Return a product and its method as a legend shows them."""
    return f"{key[0]}, {'Fourier' if key[1] == 'fourier' else key[1]}"


def _positive(value: float) -> float:
    """Return a value that a logarithmic axis can show: NaN, which draws nothing, for zero and infinity."""
    return value if 0 < value < math.inf else math.nan
