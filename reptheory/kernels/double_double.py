"""Double-double products, compiled: a pair (h, l) stands for h + l.

The rounding error of a product comes exact from a fused multiply-add, emitted as `llvm.fma`, which loops over
arrays turn into vector instructions. `double_plain` holds the twins for NumPy.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import config, types
from numba.core import cgutils

from reptheory.kernels.double_plain import exact_fused, normal_plain, times_plain
from reptheory.kernels.jit import compiled, intrinsic, part

__all__ = ["normal", "product_error", "times"]


@intrinsic
def _emit_fused(typingctx: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    """Emit llvm.fma on three doubles."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        double = ir.DoubleType()
        kind = ir.FunctionType(double, [double] * 3)
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.fma.f64"), args)

    return types.float64(types.float64, types.float64, types.float64), codegen


if config.DISABLE_JIT:
    product_error, times, normal = exact_fused, times_plain, normal_plain
else:

    @compiled
    def product_error(a: Any, b: Any, c: Any) -> Any:
        """Return a * b + c with one rounding; exact where c = -(a * b rounded)."""
        return _emit_fused(a, b, c)

    @part
    def times(a: Any, a_low: Any, b: Any, b_low: Any) -> tuple[Any, Any]:
        """Return the product of two pairs; see `times_plain`."""
        high = a * b
        return high, product_error(a, b, -high) + (a * b_low + a_low * b)

    @part
    def normal(high: Any, low: Any) -> tuple[Any, Any]:
        """Return the same sum with its low word within half a unit of the high one (|high| >= |low|)."""
        total = high + low
        return total, low - (total - high)
