"""Single exact symbols against floating-point and symbolic libraries, end to end from Python, in one run.

    pip install ".[bench]"
    python benchmarks/exact_symbols.py [--count 300]

Ours are exact (a Surd); WIGXJPF and wignernj return floats, SymPy exact expressions. Labels are ints, drawn
once, allowed by the selection rules, and the same for everybody. WIGXJPF's tables are made beforehand.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence

import pywigxjpf
import wignernj
from side_by_side import compare
from sympy.physics import wigner as sympy_wigner

import reptheory as rt

Labels = tuple[int, ...]
SYMPY_UP_TO = 20
"""Beyond this SymPy takes milliseconds a symbol."""


def triangle(draw: random.Random, most: int) -> Labels:
    """Draw three degrees that couple."""
    j1, j2 = draw.randint(most // 2, most), draw.randint(most // 2, most)
    return j1, j2, draw.randint(abs(j1 - j2), min(j1 + j2, most))


def labels_3j(draw: random.Random, most: int) -> Labels:
    """Draw an allowed 3j symbol with degrees up to `most`."""
    while True:
        j1, j2, j3 = triangle(draw, most)
        m1, m2 = draw.randint(-j1, j1), draw.randint(-j2, j2)
        if abs(m1 + m2) <= j3:
            return j1, j2, j3, m1, m2, -m1 - m2


def labels_6j(draw: random.Random, most: int) -> Labels:
    """Draw an allowed 6j symbol with degrees up to `most`."""
    while True:
        a, b, c = triangle(draw, most)
        d, e, f = (draw.randint(most // 2, most) for _ in range(3))
        triads = ((a, e, f), (d, b, f), (d, e, c))
        if all(abs(x - y) <= z <= x + y for x, y, z in triads):
            return a, b, c, d, e, f


def each(function: Callable[..., object], labels: Sequence[Labels]) -> Callable[[], None]:
    """Return a call that evaluates every symbol once."""

    def call() -> None:
        for one in labels:
            function(*one)

    return call


def main() -> None:
    parser = argparse.ArgumentParser(description="Single exact symbols, side by side.")
    parser.add_argument("--count", type=int, default=300)
    options = parser.parse_args()
    highest = 2000
    pywigxjpf.wig_table_init(2 * highest, 6)
    pywigxjpf.wig_temp_init(2 * highest)
    symbols = {
        "3j": (labels_3j, rt.wigner_3j, pywigxjpf.wig3jj, wignernj.wigner3j, sympy_wigner.wigner_3j),
        "6j": (labels_6j, rt.wigner_6j, pywigxjpf.wig6jj, wignernj.wigner6j, sympy_wigner.wigner_6j),
    }
    for name, (draw_labels, ours, wigxjpf, nj, sympy) in symbols.items():
        for most in (4, 10, 20, 100, 500, 1000, 2000):
            draw = random.Random(most)
            labels = [draw_labels(draw, most) for _ in range(options.count if most <= 100 else 10)]
            doubled = [tuple(2 * label for label in one) for one in labels]
            contenders = {
                "reptheory": each(ours, labels),
                "WIGXJPF": each(wigxjpf, doubled),
                "wignernj": each(nj, labels),
            }
            if most <= SYMPY_UP_TO:
                contenders["SymPy"] = each(sympy, labels)
            rows = compare(contenders, turns=3, seconds=0.05)
            cells = [
                f"{row.name} {1e6 * row.seconds / len(labels):9.1f} us ({row.ratio:7.2f})" for row in rows
            ]
            print(f"{name}, degrees to {most:4d}:  " + "   ".join(cells), flush=True)


if __name__ == "__main__":
    main()
