"""Integers of two 64-bit words, as scalars in registers, and what they are as pairs of doubles.

A two-word integer is (low, high), both uint64, modulo 2^128 in two's complement: sums of products may wrap on
the way, and the result is right whenever it fits. Proofs: docs/proofs/six_j.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils

from reptheory.kernels.double_double import normal, times
from reptheory.kernels.jit import compiled, intrinsic

__all__ = ["add_product", "double_word", "double_word_product"]

_WORD = ir.IntType(64)
_WIDE = ir.IntType(128)
_BITS = (1 << 64) - 1


def _joined(builder: Any, low: Any, high: Any) -> Any:
    """Emit the 128-bit integer of two words."""
    upper = builder.shl(builder.zext(high, _WIDE), ir.Constant(_WIDE, 64))
    return builder.or_(upper, builder.zext(low, _WIDE))


@intrinsic
def _emit_add_product(typingctx: Any, low: Any, high: Any, a0: Any, a1: Any, b0: Any, b1: Any) -> Any:  # noqa: ARG001
    """Emit a sum and product of 128-bit integers."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        total, a, b = (_joined(builder, *args[k : k + 2]) for k in (0, 2, 4))
        total = builder.add(total, builder.mul(a, b))
        top = builder.lshr(total, ir.Constant(_WIDE, 64))
        return cgutils.pack_array(builder, [builder.trunc(total, _WORD), builder.trunc(top, _WORD)])

    word = types.uint64
    return types.UniTuple(word, 2)(word, word, word, word, word, word), codegen


def _plain_add_product(low: Any, high: Any, a0: Any, a1: Any, b0: Any, b1: Any) -> Any:
    """Twin of `add_product` in Python's integers."""
    total, a, b = (int(x) | int(y) << 64 for x, y in ((low, high), (a0, a1), (b0, b1)))
    total += a * b
    return np.uint64(total & _BITS), np.uint64(total >> 64 & _BITS)


if config.DISABLE_JIT:
    add_product = _plain_add_product
else:

    @compiled
    def add_product(low: Any, high: Any, a0: Any, a1: Any, b0: Any, b1: Any) -> Any:
        """Return the words of (low, high) + (a0, a1) (b0, b1) modulo 2^128; all uint64."""
        return _emit_add_product(low, high, a0, a1, b0, b1)


@compiled
def double_word(low: Any, high: Any) -> tuple[float, float, bool]:
    """Return the double-double nearest to |n|, n the signed two-word integer (low, high), and whether n < 0.

    |n| < 2^127 is a sum of four pieces of 32 bits, all >= 0, and nothing cancels: relative error at
    most 4 u^2.
    """
    negative = high >> np.uint64(63) != np.uint64(0)
    if negative:
        low, high = ~low + np.uint64(1), ~high + np.uint64(low == np.uint64(0))
    half, mask = np.uint64(32), np.uint64(0xFFFFFFFF)
    lower = np.float64(low >> half) * 4294967296.0
    upper = np.float64(high >> half) * 4294967296.0
    a, a_low = _two_sum(lower, np.float64(low & mask))
    b, b_low = _two_sum(upper, np.float64(high & mask))
    scale = 18446744073709551616.0
    s, s_low = _two_sum(b * scale, a)
    rest = s_low + (b_low * scale + a_low)
    h = s + rest
    return h, rest - (h - s), bool(negative)


@compiled
def _two_sum(a: Any, b: Any) -> Any:
    """Return fl(a + b) and what it leaves, exactly."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


@compiled
def double_word_product(a: Any, a_low: Any, b: Any, b_low: Any) -> tuple[float, float]:
    """Return the normal product of two normal pairs, relative error at most 10 u^2."""
    high, low = times(a, a_low, b, b_low)
    high, low = normal(high, low)
    return high, low
