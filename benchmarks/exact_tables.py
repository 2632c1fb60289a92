"""Whole tables of exact coefficients against libraries that compute one symbol at a time, in one run.

    pip install ".[bench]"
    python benchmarks/exact_tables.py [--quick]

WIGXJPF is called through its C function in a loop compiled by Numba, no Python between two symbols, on the
labels of our table in our order, after its own tables are made. Ours start from nothing in every call:
integers and the binomials of their radicands, or those and floats that are each proven correctly rounded
(error at most half an ulp, so that one figure answers for "within 1 ulp" and for "proven"). One thread each,
unless a row says two; where the peer would take minutes it does every k-th block, and rates are per symbol.
SymPy does a sample.

Another family adds a function that yields `Row`s to `FAMILIES`.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from pywigxjpf_ffi import ffi, lib
from side_by_side import compare
from sympy.physics.wigner import real_gaunt

import reptheory as rt

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Row:
    """One line: what, our calls by name with the ratio each is to reach, the peer's call, symbols in each."""

    title: str
    symbols: int
    ours: dict[str, tuple[Callable[[], object], float | None]]
    peer: str
    peer_call: Callable[[], object]
    peer_symbols: int
    turns: int = 5


def c_function(name: str, arguments: int) -> Any:
    """Return a function of WIGXJPF, double name(int, ...), for compiled code."""
    address = int(ffi.cast("intptr_t", ffi.addressof(lib, name)))
    return ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_int] * arguments)(address)


@numba.njit
def all_3j(function: Any, two_js: Ints, starts: Ints, out: NDArray[np.float64]) -> None:
    """Evaluate all symbols of some triples of doubled spins, in the order of `Wigner3jTable`."""
    for triple in range(two_js.shape[0]):
        t1, t2, t3 = two_js[triple]
        place = starts[triple]
        for u3 in range(-t3, t3 + 1, 2):
            for u1 in range(max(-t1, -t2 - u3), min(t1, t2 - u3) + 1, 2):
                out[place] = function(t1, t2, t3, u1, -u1 - u3, u3)
                place += 1


def table_3j(lmax: int, threads: int = 1) -> Any:
    """Make the exact table: integers, and the binomials that its radicands are made of."""
    table = rt.wigner_3j_table(lmax, threads=threads)
    _ = table.binomials
    return table


def rows_3j(lmaxes: tuple[int, ...]) -> Iterator[Row]:
    """Yield the rows of 3j tables with whole spins up to each lmax."""
    function = c_function("wig3jj", 6)
    for lmax in lmaxes:
        table = table_3j(lmax, threads=2)
        every = max(1, len(table) // 2_000_000)
        sizes = np.diff(table.starts)[::every]
        two_js, starts = np.array(table.two_js[::every]), np.cumsum(sizes) - sizes
        out = np.empty(int(sizes.sum()))
        all_3j(function, two_js, starts, out)
        places = np.repeat(table.starts[:-1][::every] - starts, sizes) + np.arange(len(out))
        worst = float(np.abs(table.values()[places] - out).max())
        print(f"3j, l <= {lmax}: {len(table)} symbols; WIGXJPF on {len(out)}, differs by at most {worst:.1e}")
        integers = 40.0 if lmax <= 20 else 15.0
        yield Row(
            f"3j, l <= {lmax}",
            len(table),
            {
                "integers, radicands": (lambda lmax=lmax: table_3j(lmax), integers),
                "integers, radicands, 2 threads": (lambda lmax=lmax: table_3j(lmax, 2), None),
                "and float64, proven": (lambda lmax=lmax: table_3j(lmax).values(threads=1), 25.0),
                "and float64, proven, 2 threads": (
                    lambda lmax=lmax: table_3j(lmax, 2).values(threads=2),
                    None,
                ),
                "and float32, proven": (lambda lmax=lmax: table_3j(lmax).values("float32", threads=1), None),
            },
            "WIGXJPF",
            lambda two_js=two_js, starts=starts, out=out: all_3j(function, two_js, starts, out),
            len(out),
            5 if lmax <= 12 else 2,
        )


@numba.njit
def all_labels(function: Any, labels: NDArray[np.int32], out: NDArray[np.float64]) -> None:
    """Evaluate one symbol for each row of six doubled labels."""
    for n in range(labels.shape[0]):
        row = labels[n]
        out[n] = function(row[0], row[1], row[2], row[3], row[4], row[5])


@numba.njit
def all_nine(function: Any, labels: NDArray[np.int32], out: NDArray[np.float64]) -> None:
    """Evaluate one symbol for each row of nine doubled labels."""
    for n in range(labels.shape[0]):
        r = labels[n]
        out[n] = function(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8])


def rows_6j(lmaxes: tuple[int, ...]) -> Iterator[Row]:
    """Yield the rows of 6j tables: half-integers too up to 4 and 10, whole spins up to the last of lmaxes."""
    function = c_function("wig6jj", 6)
    rt.wigner_6j_table(8, halves=True)  # loads the compiled loops, which small tables alone do without
    for jmax, halves in ((4, True), (10, True), (min(lmaxes[-1], 20), False)):
        table = rt.wigner_6j_table(jmax, halves=halves)
        labels = table.labels().astype(np.int32)
        places = slice(None, None, max(1, len(table) // 2_000_000))
        labels, out = labels[places], np.empty(len(labels[places]))
        all_labels(function, labels, out)
        worst = float(np.abs(table.values()[places] - out).max())
        kind = "halves too" if halves else "whole"
        print(f"6j, j <= {jmax}, {kind}: {len(table)} symbols; WIGXJPF on {len(out)}, differs by {worst:.1e}")
        yield Row(
            f"6j, j <= {jmax}",
            len(table),
            {
                "integers, weights": (
                    lambda jmax=jmax, halves=halves: rt.wigner_6j_table(jmax, halves=halves),
                    20.0 if (jmax, halves) == (10, True) else None,
                ),
                "and float64, proven": (
                    lambda jmax=jmax, halves=halves: rt.wigner_6j_table(jmax, halves=halves).values(),
                    None,
                ),
            },
            "WIGXJPF",
            lambda labels=labels, out=out: all_labels(function, labels, out),
            len(out),
            3,
        )


def coupled(draw: random.Random, *pairs: tuple[int, int]) -> int:
    """Draw a doubled spin that couples with every pair; -1 if there is none."""
    low, high = max(abs(a - b) for a, b in pairs), min(a + b for a, b in pairs)
    fits = len({(a + b) % 2 for a, b in pairs}) == 1 and low <= high
    return draw.randrange(low, high + 1, 2) if fits else -1


def drawn(count: int, most: int, name: str) -> NDArray[np.int32]:
    """Draw doubled labels of allowed 3j, 6j or 9j symbols; the free ones go up to `most`."""
    draw, found = random.Random(most), []
    while len(found) < count:
        a, b, d, e = (draw.randint(0, most) for _ in range(4))
        c = coupled(draw, (a, b))
        if name == "3j":
            u, v = (draw.randrange(-j, j + 1, 2) for j in (a, b))
            row = [a, b, c, u, v, -u - v] if abs(u + v) <= c else [-1]
        elif name == "6j":
            row = [a, b, coupled(draw, (a, b), (d, e)), d, e, coupled(draw, (a, e), (d, b))]
        else:
            f, g, h = coupled(draw, (d, e)), coupled(draw, (a, d)), coupled(draw, (b, e))
            row = [a, b, c, d, e, f, g, h, coupled(draw, (c, f), (g, h))]
        if len(row) > 1 and (name == "3j" or min(row) >= 0):
            found.append(row)
    return np.array(found, np.int32)


def rows_arrays(lmaxes: tuple[int, ...]) -> Iterator[Row]:
    """Yield the rows of single symbols in arrays: from labels to floats, each proven to be the nearest."""
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    for name, many in (("3j", rt.wigner_3j_values), ("6j", rt.wigner_6j_values), ("9j", rt.wigner_9j_values)):
        function, loop = (
            c_function(f"wig{name}j", 9 if name == "9j" else 6),
            all_nine if name == "9j" else all_labels,
        )
        for most in (8, 16) if name == "9j" else (20, lmaxes[-1]):
            labels = drawn(20_000, most, name)
            out, columns = np.empty(len(labels)), tuple(labels.T / 2)
            loop(function, labels, out)
            worst = float(np.abs(many(*columns) - out).max())
            print(f"{name}, {len(labels)} random, j <= {most / 2:g}: WIGXJPF differs by at most {worst:.1e}")
            yield Row(
                f"{name}, j <= {most / 2:g}",
                len(labels),
                {
                    f"labels to float64, {threads} threads": (
                        lambda many=many, columns=columns: many(*columns),
                        None,
                    )
                },
                "WIGXJPF",
                lambda loop=loop, function=function, labels=labels, out=out: loop(function, labels, out),
                len(labels),
            )


def rows_gaunt(lmaxes: tuple[int, ...]) -> Iterator[Row]:
    """Yield the rows of tables of real Gaunt coefficients: SymPy on a sample, and our 3j table."""
    for lmax in lmaxes:
        if lmax > 20:
            continue
        table = rt.gaunt_table(lmax, lmax)
        nonzero = np.flatnonzero(table.integers)
        sample = table.labels()[nonzero[:: len(nonzero) // 20]].tolist()
        exact: dict[str, tuple[Callable[[], object], float | None]] = {
            "integers": (lambda lmax=lmax: rt.gaunt_table(lmax, lmax), 10_000.0),
            "and float64, proven": (lambda lmax=lmax: rt.gaunt_table(lmax, lmax).values(), None),
        }
        if lmax == 8:
            yield Row(
                "Gaunt, l <= 8",
                len(nonzero),
                exact,
                "SymPy real_gaunt",
                lambda sample=sample: [real_gaunt(*labels) for labels in sample],
                len(sample),
                2,
            )
        yield Row(
            f"Gaunt, l <= {lmax}",
            len(nonzero),
            {"integers": (exact["integers"][0], 1.0)},
            "our 3j table, integers",
            lambda lmax=lmax: table_3j(lmax),
            len(table_3j(lmax)),
        )


FAMILIES: dict[str, Callable[[tuple[int, ...]], Iterator[Row]]] = {
    "3j": rows_3j,
    "gaunt": rows_gaunt,
    "6j": rows_6j,
    "arrays": rows_arrays,
}


def warm() -> None:
    """Load and compile our loops, as a program with large tables has them."""
    for lmax in (20, 28):
        rt.wigner_3j_table(lmax).values()
    for many, labels in ((rt.wigner_3j_values, 6), (rt.wigner_6j_values, 6), (rt.wigner_9j_values, 9)):
        many(np.zeros(200_000), *[0] * (labels - 1))
    rt.gaunt_table(20, 20).values()


def show(row: Row) -> None:
    """Measure a row in turns; print million symbols a second, our ratio to the peer, and its target."""
    calls = {name: call for name, (call, _) in row.ours.items()} | {row.peer: row.peer_call}
    measured = {one.name: one.seconds for one in compare(calls, turns=row.turns, seconds=0.1)}
    peer = measured[row.peer] / row.peer_symbols
    print(f"{row.title:14s} {row.peer:32s} {1e-6 / peer:9.4g} M/s")
    for name, (_, target) in row.ours.items():
        each = measured[name] / row.symbols
        wanted = f"   (at least {target:g})" if target else ""
        print(
            f"{row.title:14s} {name:32s} {1e-6 / each:9.4g} M/s   {peer / each:9.4g} times{wanted}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Tables of exact coefficients, side by side.")
    parser.add_argument("--quick", action="store_true", help="small tables only")
    parser.add_argument("families", nargs="*", default=list(FAMILIES), help=", ".join(FAMILIES))
    options = parser.parse_args()
    lib.wig_table_init(2 * 60, 6)
    lib.wig_temp_init(2 * 60)
    random.seed(0)
    warm()
    for family in options.families:
        for row in FAMILIES[family]((8, 12) if options.quick else (8, 12, 20, 40)):
            show(row)


if __name__ == "__main__":
    main()
