"""Double-double products in NumPy, without fused multiply-adds and without Numba.

A pair (h, l) stands for h + l. Products keep h * h' and its rounding error; what is dropped, and how it adds
up, is in docs/proofs/pascal.md.
"""

from __future__ import annotations

from typing import Any

__all__ = ["exact_fused", "normal_plain", "times_plain"]


def exact_fused(a: Any, b: Any, c: Any) -> Any:
    """Twin of the fused multiply-add for a product minus its rounding: Dekker's product, exact likewise."""
    split = 134217729.0
    ta, tb = split * a, split * b
    ah, bh = ta - (ta - a), tb - (tb - b)
    al, bl = a - ah, b - bh
    return ((ah * bh + c) + ah * bl + al * bh) + al * bl


def times_plain(a: Any, a_low: Any, b: Any, b_low: Any) -> tuple[Any, Any]:
    """Return the product of two pairs, its low word possibly some units in the last place of the high one."""
    high = a * b
    return high, exact_fused(a, b, -high) + (a * b_low + a_low * b)


def normal_plain(high: Any, low: Any) -> tuple[Any, Any]:
    """Return the same sum with its low word within half a unit of the high one (|high| >= |low|)."""
    total = high + low
    return total, low - (total - high)
