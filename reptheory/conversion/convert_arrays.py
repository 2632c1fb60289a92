"""convert_arrays: the same object in the words of another package, exactly.

With T the matrix of `bases` (B_target = T B_source), C its unit part without normalisation, a bar the
conjugate and signs s of `path_signs`:

    harmonics       Y -> T Y                            last axis
    coefficients    c -> T^-T c                         of f = sum c_k B_k; last axis
    features        x -> C' x,  C' = conj(C)            whatever turns as coefficients do; last axis
    rotation        D -> C' D C'^-1                     last two axes
    angles          (alpha, beta, gamma) of the same rotation of space: see `angles`; floats only
    wigner_3j       W -> s phase (C' C' C') W           three axes
    clebsch_gordan  W -> s phase (C' C' C) W            three axes, the third the coupled one
    gaunt           G -> (T T T) G                      integrals of three harmonics

phase is -i from complex to real where l1 + l2 + l3 is odd, and i back. The three tensors are invariant under
rotations, so that a turn of the axes does not change them. Every map is invertible; there and back is the
identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from reptheory.conventions import Convention
from reptheory.conversion.angles import converted_angles
from reptheory.conversion.axis_change import (
    Entries,
    MatrixOf,
    assembled,
    change_entries,
    change_floats,
    changed_objects,
    dense_objects,
    entries_of,
)
from reptheory.conversion.bases import ExactMatrix, harmonics_matrix
from reptheory.conversion.degrees import Degrees, degrees_of_axis, degrees_of_block, offsets, size
from reptheory.conversion.layouts import packed, refuse_masked, unpacked
from reptheory.conversion.path_signs import path_factor, require_paths
from reptheory.conversion.registry import PackageConvention, convention
from reptheory.errors import ConventionMismatch, IncommensurableSurds, LabelError, OperandError
from reptheory.exact.arrays import SurdArray
from reptheory.exact.complex_surds import ComplexSurdArray
from reptheory.exact.surd import Surd

__all__ = ["COUPLINGS", "ConversionKind", "convert_arrays", "converted_axes"]

ConversionKind = Literal[
    "harmonics", "coefficients", "features", "rotation", "angles", "wigner_3j", "clebsch_gordan", "gaunt"
]
COUPLINGS: Final = ("wigner_3j", "clebsch_gordan", "gaunt")
Named = str | Convention | PackageConvention
Axis = tuple[int, Degrees, MatrixOf]
_REAL_ENOUGH: Final = 2.0**-40


@dataclass(frozen=True, slots=True)
class _Change:
    """One conversion: from, to, and what the values are."""

    source: PackageConvention
    target: PackageConvention
    kind: str

    def harmonics(self, degree: int) -> ExactMatrix:
        return harmonics_matrix(self.source, self.target, degree)

    def coefficients(self, degree: int) -> ExactMatrix:
        return harmonics_matrix(self.target, self.source, degree).transposed

    def unit(self, degree: int) -> ExactMatrix:
        return harmonics_matrix(self.source, self.target, degree, unit=True)

    def features(self, degree: int) -> ExactMatrix:
        return self.unit(degree).conjugate

    def invariant(self, degree: int) -> ExactMatrix:
        return harmonics_matrix(self.source, self.target, degree, unit=True, axes=False)

    def invariant_features(self, degree: int) -> ExactMatrix:
        return self.invariant(degree).conjugate

    def invariant_harmonics(self, degree: int) -> ExactMatrix:
        return harmonics_matrix(self.source, self.target, degree, axes=False)


def convert_arrays(
    values: Any,
    source: Named | None,
    target: Named,
    kind: ConversionKind | None = None,
    degrees: object = None,
) -> Any:
    """Return values written in the convention `source` as `target` writes them.

    values    floats or complex numbers: converted in float64 and returned in their precision, error as stated
              in `axis_change`. SurdArray, ComplexSurdArray, or an object array of Fraction, Surd or SymPy
              expressions: exact in, exact out. A mapping from (l1, l2, l3) to blocks: each block
    source    name in `CONVENTIONS`, an entry of it, `REAL` or `COMPLEX`; None for what carries its convention
    target    as source
    kind      what the values are: see the formulas of the module. None is features; exact arrays of several
              axes and mappings of blocks need the word
    degrees   of the axis: None, one degree, a list of degrees, or Irreps; for couplings three of these.
              None reads 2l + 1 entries as one degree, (L + 1)^2 as 0..L; where both fit, harmonics,
              coefficients and features are 0..L, the others one degree
    returns   as values; exact arrays with an entry that is no single surd as object arrays of Surd and
              `SurdSum`
    raises    LabelError, OperandError; ConventionMismatch: source is not what the values carry

    >>> import numpy as np
    >>> convert_arrays(np.array([1.0, 2.0, 3.0]), "real", "e3x").tolist()  # y, z, x -> x, y, z
    [3.0, 1.0, 2.0]
    """
    word = _kind(kind, values)
    if isinstance(values, Mapping):
        return {path: convert_arrays(block, source, target, word, path) for path, block in values.items()}
    change = _Change(_source(values, source), convention(target), word)
    if word in COUPLINGS:
        for one in (change.source, change.target):
            require_paths(one, word)
    exact = isinstance(values, SurdArray | ComplexSurdArray)
    array = values if exact else _array(values)
    if word in ("harmonics", "coefficients", "features"):
        return _one_axis(array, change, degrees)
    if word == "angles":
        return _angles(array, change)
    if word == "rotation":
        return _rotation(array, change, degrees)
    return _coupling(array, change, degrees)


def _kind(kind: str | None, values: Any) -> ConversionKind:
    """Return the checked kind; features only where nothing else is likely."""
    several = isinstance(values, Mapping) or (
        isinstance(values, SurdArray | ComplexSurdArray) and len(values.shape) > 1
    )
    word = "features" if kind is None and not several else kind
    for known in get_args(ConversionKind):
        if word == known:
            found: ConversionKind = known
            return found
    raise LabelError(f"kind: got {kind!r}; it must be one of {', '.join(get_args(ConversionKind))}")


def _source(values: Any, source: Named | None) -> PackageConvention:
    """Return the convention that values are in; raise where they carry another one than was said."""
    carried = values.convention if isinstance(values, SurdArray | ComplexSurdArray) else None
    if source is None:
        if carried is None:
            raise LabelError("source: got None for values that carry no convention; name the one they are in")
        return convention(carried)
    named = convention(source)
    if carried is not None and carried != named.stated:
        raise ConventionMismatch(
            f"source: got {named.name!r}, but the values carry {carried.name!r}; "
            "leave it out (None) to use theirs"
        )
    return named


def _array(values: Any) -> NDArray[Any]:
    """Return numbers as an array of floats, complex numbers or objects."""
    refuse_masked(values, "values")
    array = np.asarray(values)
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    if array.dtype.kind not in "fcO":
        raise OperandError(f"values: got an array of {array.dtype}; pass numbers, or exact values as objects")
    return array


def _one_axis(array: Any, change: _Change, degrees: object) -> Any:
    """Convert the last axis."""
    matrix_of = getattr(change, change.kind)
    laid_out = {change.source.layout, change.target.layout} != {"flat"}
    if laid_out and change.kind != "features":
        return _with_layouts(array, change, matrix_of, degrees)
    if len(array.shape) == 0:
        raise OperandError(f"{change.kind}: got a single number; the last axis holds the orders m")
    last = len(array.shape) - 1
    found = degrees_of_axis(array.shape[last], degrees, change.kind, whole_list=True)
    return converted_axes(array, [(last, found, matrix_of)], change.target)


def _with_layouts(array: Any, change: _Change, matrix_of: MatrixOf, degrees: object) -> Any:
    """Convert from or to the layouts of other packages, which exist for plain arrays only."""
    if isinstance(array, SurdArray | ComplexSurdArray):
        raise OperandError(
            f"values: {change.kind} in the layout of another package are no SurdArray; "
            "pass an object array of surds"
        )
    flat = unpacked(array, change.source) if change.source.layout != "flat" else array
    found = degrees_of_axis(flat.shape[-1], degrees, change.kind, whole_list=True)
    changed = converted_axes(flat, [(flat.ndim - 1, found, matrix_of)], change.target)
    return packed(changed, change.target) if change.target.layout != "flat" else changed


def _rotation(array: Any, change: _Change, degrees: object) -> Any:
    """Convert a D matrix, the matrix of one linear map in another basis; angles are another matter."""
    shape = array.shape
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise OperandError(f"rotation: got the shape {tuple(shape)}; D matrices are square")
    found = degrees_of_axis(shape[-1], degrees, "rotation", whole_list=False)
    rank = len(shape)
    axes: list[Axis] = [(rank - 2, found, change.features), (rank - 1, found, change.unit)]
    return _realized(converted_axes(array, axes, change.target), change)


def _angles(array: Any, change: _Change) -> NDArray[np.float64]:
    """Convert Euler angles."""
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or array.shape[-1:] != (3,):
        raise OperandError("angles: give floats with a last axis of three, (alpha, beta, gamma)")
    return converted_angles(array.astype(np.float64), change.source, change.target)


def _coupling(array: Any, change: _Change, degrees: object) -> Any:
    """Convert a coupling tensor: three axes, then sign and phase of every path."""
    found = degrees_of_block(array.shape, degrees, change.kind)
    if change.kind == "gaunt":
        matrices = [change.invariant_harmonics] * 3
    else:
        third = change.invariant if change.kind == "clebsch_gordan" else change.invariant_features
        matrices = [change.invariant_features, change.invariant_features, third]
    axes = [(axis, part, of) for axis, (part, of) in enumerate(zip(found, matrices, strict=True))]
    changed = converted_axes(array, axes, change.target)
    return _realized(_with_signs(changed, found, change), change)


def _paths(
    degrees: tuple[Degrees, Degrees, Degrees],
) -> Iterable[tuple[tuple[int, int, int], tuple[slice, ...]]]:
    """Yield every path of a table with the slices of its block; of every copy, where degrees repeat."""
    spans = [
        [(ell, slice(start, start + 2 * ell + 1)) for start, ell in zip(offsets(part), part, strict=True)]
        for part in degrees
    ]
    for (l1, first), (l2, second), (l3, third) in product(*spans):
        if abs(l1 - l2) <= l3 <= l1 + l2:
            yield (l1, l2, l3), (first, second, third)


def _with_signs(array: Any, degrees: tuple[Degrees, Degrees, Degrees], change: _Change) -> Any:
    """Multiply every path by its sign and phase."""
    if isinstance(array, SurdArray | ComplexSurdArray):
        l_of = [[ell for ell in part for _ in range(2 * ell + 1)] for part in degrees]
        entries: Entries = {}
        known: dict[tuple[int, int, int], Surd] = {}
        for index, value in entries_of(array).items():
            l1, l2, l3 = (l_of[axis][place] for axis, place in enumerate(index))
            if (l1, l2, l3) not in known:
                known[l1, l2, l3] = path_factor(change.source, change.target, change.kind, (l1, l2, l3))
            entries[index] = value * known[l1, l2, l3]
        return assembled(tuple(array.shape), entries, array.convention)
    factors = [
        (places, path_factor(change.source, change.target, change.kind, path))
        for path, places in _paths(degrees)
    ]
    complex_needed = array.dtype.kind == "f" and any(factor.i_power for _, factor in factors)
    result = array.astype(np.result_type(array.dtype, np.complex64)) if complex_needed else array.copy()
    for places, factor in factors:
        result[places] = result[places] * (factor if array.dtype == object else _number(factor))
    return result


def _number(factor: Surd) -> complex | float:
    return complex(factor) if factor.i_power else float(factor)


def converted_axes(array: Any, axes: Sequence[Axis], target: PackageConvention) -> Any:
    """Change several axes of an array, each by its matrices."""
    if isinstance(array, SurdArray | ComplexSurdArray):
        for axis, degrees, _ in axes:
            if size(degrees) != array.shape[axis]:
                raise OperandError(f"degrees: {degrees} do not fill an axis of {array.shape[axis]}")
        entries = entries_of(array)
        try:
            for axis, degrees, matrix_of in axes:
                entries = change_entries(entries, axis, degrees, matrix_of)
        except IncommensurableSurds:
            return changed_objects(dense_objects(array), axes)
        return assembled(tuple(array.shape), entries, target.stated)
    if array.dtype == object:
        return changed_objects(array, axes)
    precise = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    for axis, degrees, matrix_of in axes:
        precise = change_floats(precise, axis, degrees, matrix_of)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    single = array.dtype in (np.float32, np.complex64, np.float16)
    return precise.astype(
        (np.complex64 if precise.dtype.kind == "c" else array.dtype) if single else precise.dtype
    )


def _realized(array: Any, change: _Change) -> Any:
    """Return a complex array as a real one where the target is real and nothing but rounding is imaginary."""
    if isinstance(array, np.ndarray) and array.dtype.kind == "c" and change.target.basis == "real":
        imaginary, largest = np.abs(array.imag), np.abs(array).max(initial=0.0)
        limit = _REAL_ENOUGH if array.dtype == np.complex128 else 2.0**-18
        if (imaginary <= limit * largest).all():
            return np.ascontiguousarray(array.real)
    if isinstance(array, ComplexSurdArray) and not array.imag.nnz:
        return array.real
    return array
