"""Explicit vectors for errors: values v and bounds e on what they are off, side by side in one array.

    charge   e += rate |v| + eta
    times    target = a b
    add      target = v, target + v or target - v, for sign 0, 1 and -1

Value k stands at k, its error at half + k. Counts are whole vectors; nothing is checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numpy.typing import NDArray

from reptheory.kernels.jit import intrinsic
from reptheory.kernels.simd.emit import Vectors, constant, outlined

__all__ = ["add", "charge", "times"]

Array = NDArray[Any]
Builder = Any


def _absolute(v: Vectors, value: Any) -> Any:
    """Emit |value|."""
    name = f"llvm.fabs.v{v.lanes}f{8 * v.bytes}"
    kind = ir.FunctionType(v.vector, [v.vector])
    return v.builder.call(cgutils.get_or_insert_function(v.builder.module, kind, name), [value])


class _Pairs:
    """Values and errors of one step of a loop, by where the values begin."""

    def __init__(self, v: Vectors, work: Any, half: Any, step: Any) -> None:
        self._v, self._work, self._half, self._step = v, work, half, step

    def _places(self, start: Any) -> tuple[Any, Any]:
        at = self._v.builder.add(start, self._step)
        return self._v.pointer(self._work, at), self._v.pointer(
            self._work, self._v.builder.add(self._half, at)
        )

    def load(self, start: Any) -> tuple[Any, Any]:
        """Load values and errors."""
        value, error = self._places(start)
        return self._v.load(value), self._v.load(error)

    def store(self, pair: tuple[Any, Any], start: Any) -> None:
        """Store values and errors."""
        for one, place in zip(pair, self._places(start), strict=True):
            self._v.store(one, place)


def _loop(name: str, body: Callable[[Vectors, _Pairs, list[Any]], None]) -> Callable[..., Any]:
    """Return a code generator for (work, half, count, *rest): `body` emits each vector, given the rest."""

    def emit(builder: Builder, v: Vectors, args: list[Any]) -> None:
        work, half, count, *rest = args
        with cgutils.for_range(builder, builder.udiv(count, constant(v.lanes))) as loop:
            body(v, _Pairs(v, work, half, builder.mul(loop.index, constant(v.lanes))), rest)

    return outlined(name, emit)


def _emit_charge(v: Vectors, pairs: _Pairs, args: list[Any]) -> None:
    start, rate, eta = args[0], v.splat(args[1]), v.splat(args[2])
    value, error = pairs.load(start)
    pairs.store((value, v.builder.fadd(error, v.fma(rate, _absolute(v, value), eta))), start)


def _emit_times(v: Vectors, pairs: _Pairs, args: list[Any]) -> None:
    a, b, target = args[:3]
    (left, e), (right, f) = pairs.load(a), pairs.load(b)
    two, four = (v.splat(ir.Constant(v.scalar, number)) for number in (2.0, 4.0))
    wide, other = v.fma(two, e, _absolute(v, left)), v.fma(two, f, _absolute(v, right))
    rounded = v.fma(v.builder.fmul(v.splat(args[3]), wide), other, v.builder.fmul(four, v.splat(args[4])))
    pairs.store((v.builder.fmul(left, right), v.fma(wide, f, v.fma(other, e, rounded))), target)


def _emit_add(v: Vectors, pairs: _Pairs, args: list[Any]) -> None:
    source, target, sign = args
    (value, error), (before, off) = pairs.load(source), pairs.load(target)
    fresh = v.builder.fcmp_ordered("==", sign, ir.Constant(v.scalar, 0.0))
    total = v.fma(v.splat(sign), value, before)
    pair = v.builder.select(fresh, value, total), v.builder.select(fresh, error, v.builder.fadd(off, error))
    pairs.store(pair, target)


@intrinsic
def _charge(typingctx: Any, work: Any, half: Any, count: Any, start: Any, rate: Any, eta: Any) -> Any:  # noqa: ARG001
    i, f = types.int64, types.float64
    return types.void(work, i, i, i, f, f), _loop("charge", _emit_charge)


@intrinsic
def _times(typingctx: Any, work: Any, half: Any, count: Any, a: Any, b: Any, target: Any, u: Any, eta: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
    i, f = types.int64, types.float64
    return types.void(work, i, i, i, i, i, f, f), _loop("times", _emit_times)


@intrinsic
def _add(typingctx: Any, work: Any, half: Any, count: Any, source: Any, target: Any, sign: Any) -> Any:  # noqa: ARG001
    i = types.int64
    return types.void(work, i, i, i, i, types.float64), _loop("add", _emit_add)


def charge_plain(work: Array, half: int, count: int, start: int, rate: float, eta: float) -> None:
    """Twin of `charge` in NumPy."""
    work[half + start : half + start + count] += rate * np.abs(work[start : start + count]) + eta


def times_plain(
    work: Array, half: int, count: int, a: int, b: int, target: int, u: float, eta: float
) -> None:
    """Twin of `times` in NumPy."""
    left, right, e, f = (work[k : k + count] for k in (a, b, half + a, half + b))
    wide, other = np.abs(left) + 2 * e, np.abs(right) + 2 * f
    error = wide * f + other * e + u * wide * other + 4 * eta
    work[target : target + count] = left * right
    work[half + target : half + target + count] = error


def add_plain(work: Array, half: int, count: int, source: int, target: int, sign: float) -> None:
    """Twin of `add` in NumPy."""
    for begin, factor in ((0, sign), (half, 1.0)):
        v, into = work[begin + source : begin + source + count], work[begin + target : begin + target + count]
        into[:] = v if sign == 0 else into + factor * v


charge = charge_plain if config.DISABLE_JIT else _charge
times = times_plain if config.DISABLE_JIT else _times
add = add_plain if config.DISABLE_JIT else _add
