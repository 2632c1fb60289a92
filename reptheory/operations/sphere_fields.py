"""Vector fields of functions on the sphere, as operands of `VectorSphericalProduct`.

Of f = sum x_lm S_lm, in vector harmonics of l <= lmax + 1, with the coefficients of
`exact.tensor_harmonics.forms_from_vector_harmonics`:

    radial     r^ f                    polar where f is a function
    gradient   r grad f                polar
    curl       r^ x r grad f           axial

Every coefficient of f goes, times a constant, to two of the field (one for a curl). The way back is the
transpose, the projection of a field F: sum over m, l of S_lm times the integral of F . form of S_lm. That is
r^ . F for "radial", minus r div of the tangent part for "gradient", minus r^ . r curl F for "curl". Bounds: a
coefficient, a product and a sum round: gamma_4 sum |c||x|, c as rounded, and what underflows.
"""

from __future__ import annotations

from functools import lru_cache
from math import isqrt
from typing import Any, Literal, get_args, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import OperandError
from reptheory.exact.tensor_harmonics import VectorForm, forms_from_vector_harmonics
from reptheory.kernels.bounds import gamma, smallest, upward
from reptheory.operations.broadcast import Bound, finite
from reptheory.operations.engines import float_name
from reptheory.operations.instructions import require_choice
from reptheory.operations.operands import allocate, read_operand
from reptheory.operations.vector_engine import families

__all__ = ["field_from_function", "function_from_field"]

Array = NDArray[Any]


_Part = tuple[slice, slice, Any]
"""Columns of an operand, those of the result that they go to, and the factor."""


@lru_cache(maxsize=128)
def _parts(kind: VectorForm, lmax: int, dtype: str, *, back: bool) -> tuple[_Part, ...]:
    """Return the map of functions to fields, or back, each factor the nearest float."""
    row = get_args(VectorForm).index(kind)
    found = []
    for j, degree, start in families(1, lmax + 1):
        factor = forms_from_vector_harmonics(j, "real").to_numpy(dtype)[row, degree - j + 1]
        if j <= lmax and factor:
            function, field = slice(j * j, (j + 1) ** 2), slice(start, start + 2 * j + 1)
            found.append((field, function, factor) if back else (function, field, factor))
    return tuple(found)


@overload
def field_from_function(
    features: ArrayLike, kind: VectorForm, *, out: Array | None = None, with_bound: Literal[False] = False
) -> Array: ...


@overload
def field_from_function(
    features: ArrayLike, kind: VectorForm, *, out: Array | None = None, with_bound: Literal[True]
) -> tuple[Array, Bound]: ...


def field_from_function(
    features: ArrayLike, kind: VectorForm, *, out: Array | None = None, with_bound: bool = False
) -> Array | tuple[Array, Bound]:
    """Return a vector field of a function f on the sphere, an operand of `VectorSphericalProduct`.

    features   (..., (lmax + 1)^2) of f, float32 or float64
    kind       "radial": r^ f; "gradient": r grad f; "curl": r^ x r grad f, which is axial for a function
    out        array of the result's shape and dtype to write into; may overlap `features`
    returns    (..., 3 (lmax + 2)^2): vector harmonics of l <= lmax + 1; with `with_bound` also a bound on the
               error elementwise. The gradient of a loss in f is `function_from_field` of that in the field
    raises     LabelError, OperandError

    >>> field_from_function([0.0, 0.0, 1.0, 0.0], "gradient")[:3].round(6).tolist()  # of S_10
    [0.0, 1.154701, 0.0]
    """
    require_choice("kind", kind, VectorForm)
    given = read_operand(features, "features")
    lmax = _degree(given, "features", "(lmax + 1)^2", 1)
    parts = _parts(kind, lmax, float_name(given.dtype), back=False)
    return _mapped(given, parts, 3 * (lmax + 2) ** 2, out, with_bound)


@overload
def function_from_field(
    field: ArrayLike, kind: VectorForm, *, out: Array | None = None, with_bound: Literal[False] = False
) -> Array: ...


@overload
def function_from_field(
    field: ArrayLike, kind: VectorForm, *, out: Array | None = None, with_bound: Literal[True]
) -> tuple[Array, Bound]: ...


def function_from_field(
    field: ArrayLike, kind: VectorForm, *, out: Array | None = None, with_bound: bool = False
) -> Array | tuple[Array, Bound]:
    """Return the function on the sphere that a vector field F projects on, the transpose of the way there.

    field      (..., 3 (lmax + 2)^2): vector harmonics of l <= lmax + 1, float32 or float64
    kind       "radial": r^ . F; "gradient": minus r div of its tangent part; "curl": minus r^ . r curl F
    out        array of the result's shape and dtype to write into; may overlap `field`
    returns    (..., (lmax + 1)^2); with `with_bound` also a bound on the error elementwise. The coefficients
               of one degree are held beyond operand and result
    raises     LabelError, OperandError

    >>> function_from_field(field_from_function([1.0, 2.0, 3.0, 4.0], "radial"), "radial").round(6).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    require_choice("kind", kind, VectorForm)
    given = read_operand(field, "field")
    lmax = _degree(given, "field", "3 (lmax + 2)^2", 3) - 1
    parts = _parts(kind, lmax, float_name(given.dtype), back=True)
    return _mapped(given, parts, (lmax + 1) ** 2, out, with_bound)


def _degree(array: Array, name: str, formula: str, components: int) -> int:
    """Return the degree of functions of which `components` make up the last axis."""
    dim = array.shape[-1] if array.ndim else 0
    degree = isqrt(dim // components) - 1
    if degree < (components > 1) or components * (degree + 1) ** 2 != dim:
        raise OperandError(f"{name}: got shape {list(array.shape)}; the last axis must be {formula}")
    return degree


def _mapped(
    given: Array, parts: tuple[_Part, ...], dim: int, out: Array | None, with_bound: bool
) -> Array | tuple[Array, Bound]:
    """Return the sums of coefficients times constants, and a bound."""
    shape = (*given.shape[:-1], dim)
    z, buffer = allocate(out, shape, given.dtype, (given,))
    buffer[...] = 0
    begun: set[int] = set()
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for source, target, factor in parts:
            own = buffer[..., target]
            if target.start in begun:
                own += given[..., source] * factor
            else:
                np.multiply(given[..., source], factor, out=own)
            begun.add(target.start)
        if buffer is not z:
            z[...] = buffer
        if not with_bound:
            return z
        size = np.zeros(shape)
        for source, target, factor in parts:
            size[..., target] += np.abs(given[..., source].astype(np.float64)) * abs(float(factor))
        bound = gamma(4, given.dtype) * upward(size + 3 * smallest(np.float64), 4) + 3 * smallest(given.dtype)
    return z, finite(z, bound)
