"""Single exact symbols against floating-point and symbolic libraries, end to end from Python, in one run.

    pip install ".[bench]"
    python benchmarks/exact_symbols.py [--count 300]

Ours are exact (a Surd); WIGXJPF, wignernj and wigners return floats, SymPy exact expressions. Three rows
are ours: the Surd itself, whose integers are multiplied out only when they are asked for; its correctly
rounded float, which is what users of the floating-point libraries get; and its radicand in lowest terms.
Labels are ints, drawn once, allowed by the selection rules, and the same for everybody. WIGXJPF's tables
are made beforehand. SymPy keeps the results of its arithmetic: its cache is emptied before every pass over
distinct labels, also before ours that make SymPy expressions.

Ratios are times over the first row's, above 1 where a contender is slower than our Surd.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import pywigxjpf
import wignernj
import wigners
from side_by_side import compare
from sympy.core.cache import clear_cache
from sympy.physics import wigner as sympy_wigner

import reptheory as rt

SLOW_IN_SYMPY = {"real gaunt", "9j"}
"""These take SymPy up to seconds each."""

Labels = tuple[int, ...]
Draw = Callable[[random.Random, int], Labels]
SYMPY_UP_TO = 20
WIGNERS_UP_TO = 20
"""It loses digits where j1 + j2 + j3 exceeds 60."""
"""Beyond this SymPy takes milliseconds a symbol."""


def couples(a: int, b: int, c: int) -> bool:
    """Whether three degrees form a triangle."""
    return abs(a - b) <= c <= a + b


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


def labels_cg(draw: random.Random, most: int) -> Labels:
    """Draw an allowed Clebsch-Gordan coefficient."""
    *others, m3 = labels_3j(draw, most)
    return *others, -m3


def labels_gaunt(draw: random.Random, most: int) -> Labels:
    """Draw an allowed Gaunt coefficient."""
    while True:
        labels = labels_3j(draw, most)
        if sum(labels[:3]) % 2 == 0:
            return labels


def labels_real_gaunt(draw: random.Random, most: int) -> Labels:
    """Draw an allowed Gaunt coefficient of real harmonics."""
    l1, l2, l3, m1, m2, m3 = labels_gaunt(draw, most)
    return l1, l2, l3, abs(m1), m2, abs(m3) if m2 >= 0 else -abs(m3)


def labels_6j(draw: random.Random, most: int) -> Labels:
    """Draw an allowed 6j symbol with degrees up to `most`."""
    while True:
        a, b, c = triangle(draw, most)
        d, e, f = (draw.randint(most // 2, most) for _ in range(3))
        if couples(a, e, f) and couples(d, b, f) and couples(d, e, c):
            return a, b, c, d, e, f


def labels_9j(draw: random.Random, most: int) -> Labels:
    """Draw an allowed 9j symbol with degrees up to `most`."""
    while True:
        a, b, c, d, e, f, g, h, i = (draw.randint(most // 2, most) for _ in range(9))
        triads = ((a, b, c), (d, e, f), (g, h, i), (a, d, g), (b, e, h), (c, f, i))
        if all(couples(*triad) for triad in triads):
            return a, b, c, d, e, f, g, h, i


def each(function: Callable[..., object], labels: Sequence[Labels]) -> Callable[[], None]:
    """Return a call that evaluates every symbol once."""

    def call() -> None:
        for one in labels:
            function(*one)

    return call


def forgetful(call: Callable[[], None]) -> Callable[[], None]:
    """Return the call with the results that wigners keeps thrown away first: labels are as if new."""

    def again() -> None:
        wigners.clear_wigner_3j_cache()
        call()

    return again


def floats(function: Callable[..., rt.Surd]) -> Callable[..., float]:
    """Return the function of the correctly rounded floats."""
    return lambda *labels: float(function(*labels))


def radicands(function: Callable[..., rt.Surd]) -> Callable[..., object]:
    """Return the function of the radicands in lowest terms."""
    return lambda *labels: function(*labels).radicand


def expressions(function: Callable[..., rt.Surd]) -> Callable[..., object]:
    """Return the function of the SymPy expressions."""
    return lambda *labels: function(*labels).to_sympy()


def show(title: str, contenders: dict[str, Callable[[], None]], count: int) -> None:
    """Time the contenders side by side and print microseconds a symbol and ratios."""
    rows = compare(contenders, turns=3, seconds=0.05)
    cells = [f"{row.name} {1e6 * row.seconds / count:9.2f} us ({row.ratio:7.2f})" for row in rows]
    print(f"{title}:  " + "   ".join(cells), flush=True)


def against_floats(count: int) -> None:
    """Compare with the libraries of floats at labels of every size."""
    small, large = (4, 10, 20, 100), (500, 1000, 2000)
    symbols: dict[str, tuple[Draw, Callable[..., rt.Surd], Callable[..., float], Callable[..., float]]] = {
        "3j": (labels_3j, rt.wigner_3j, pywigxjpf.wig3jj, wignernj.wigner3j),
        "6j": (labels_6j, rt.wigner_6j, pywigxjpf.wig6jj, wignernj.wigner6j),
        "9j": (labels_9j, rt.wigner_9j, pywigxjpf.wig9jj, wignernj.wigner9j),
    }
    for name, (draw_labels, ours, wigxjpf, nj) in symbols.items():
        for most in (4, 10) if name == "9j" else small + large:
            draw = random.Random(most)
            labels = [draw_labels(draw, most) for _ in range(count if most <= 100 else 20)]
            doubled = [tuple(2 * label for label in one) for one in labels]
            contenders = {
                "Surd": each(ours, labels),
                "float": each(floats(ours), labels),
                "radicand": each(radicands(ours), labels),
                "WIGXJPF": each(wigxjpf, doubled),
                "wignernj": each(nj, labels),
            }
            if name == "3j" and most <= WIGNERS_UP_TO:
                contenders["wigners"] = forgetful(each(wigners.wigner_3j, labels))
            show(f"{name}, degrees to {most:4d}", contenders, len(labels))


def against_sympy(count: int) -> None:
    """Compare with SymPy where we take its place; in brackets how many times longer SymPy takes."""
    symbols: dict[str, tuple[Draw, Callable[..., rt.Surd], Callable[..., object]]] = {
        "3j": (labels_3j, rt.wigner_3j, sympy_wigner.wigner_3j),
        "CG": (labels_cg, rt.clebsch_gordan, sympy_wigner.clebsch_gordan),
        "gaunt": (labels_gaunt, rt.gaunt, sympy_wigner.gaunt),
        "real gaunt": (labels_real_gaunt, rt.real_gaunt, sympy_wigner.real_gaunt),
        "6j": (labels_6j, rt.wigner_6j, sympy_wigner.wigner_6j),
        "racah": (lambda d, n: _racah(*labels_6j(d, n)), rt.racah, sympy_wigner.racah),
        "9j": (labels_9j, rt.wigner_9j, sympy_wigner.wigner_9j),
    }
    for name, (draw_labels, ours, sympy) in symbols.items():
        for most in (8, SYMPY_UP_TO):
            draw = random.Random(most)
            pool = {draw_labels(draw, most) for _ in range(3 if name in SLOW_IN_SYMPY else count)}
            labels = sorted(pool)
            contenders = (each(ours, labels), each(expressions(ours), labels), each(sympy, labels))
            mine, converted, theirs = (1e6 * one_pass(call) / len(labels) for call in contenders)
            print(
                f"{name}, degrees to {most:4d}:  Surd {mine:9.2f} us ({theirs / mine:8.1f})   "
                f"to_sympy {converted:9.2f} us ({theirs / converted:8.1f})   SymPy {theirs:9.2f} us",
                flush=True,
            )


def one_pass(call: Callable[[], None]) -> float:
    """Return the seconds of the best of three calls, each with SymPy's cache empty."""
    times = []
    for _ in range(3):
        clear_cache()
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def _racah(a: int, b: int, e: int, d: int, c: int, f: int) -> Labels:
    return a, b, c, d, e, f


def first_symbol() -> None:
    """Print the wall time of a process that prints one symbol, Python's start included."""
    code = "import reptheory as rt; print(rt.wigner_3j(1, 1, 2, 0, 0, 0))"
    times = []
    for _ in range(10):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    print(f"first symbol of a new process: {1e3 * min(times):.0f} to {1e3 * max(times):.0f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Single exact symbols, side by side.")
    parser.add_argument("--count", type=int, default=300)
    options = parser.parse_args()
    highest = 2000
    pywigxjpf.wig_table_init(2 * highest, 9)
    pywigxjpf.wig_temp_init(2 * highest)
    first_symbol()
    against_floats(options.count)
    against_sympy(options.count)


if __name__ == "__main__":
    main()
