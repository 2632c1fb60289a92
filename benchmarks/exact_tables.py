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
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from pywigxjpf_ffi import ffi, lib
from side_by_side import compare

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


FAMILIES: dict[str, Callable[[tuple[int, ...]], Iterator[Row]]] = {"3j": rows_3j}


def warm() -> None:
    """Load and compile our loops, as a program with large tables has them."""
    for lmax in (20, 28):
        rt.wigner_3j_table(lmax).values()


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
