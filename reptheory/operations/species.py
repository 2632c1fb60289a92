"""Species: an operand whose samples share sets of weights, checked and laid out."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import OperandError
from reptheory.operations.operands import common_axes, contiguous, last_axis, read_operand

__all__ = ["Species", "species_operands"]

_INTEGERS = np.dtype(np.int64)


class Species(NamedTuple):
    """An operand and the sets of weights of its samples.

    x        (samples, dim), C-contiguous
    weight   (sets, weights), C-contiguous, of the same dtype
    places   (samples,) int64: the set of each sample
    shape    the leading axes
    """

    x: NDArray[Any]
    weight: NDArray[Any]
    places: NDArray[np.int64]
    shape: tuple[int, ...]

    def widened(self) -> Species:
        """Return the operands in float64."""
        x, weight = (array.astype(np.float64, copy=False) for array in (self.x, self.weight))
        return self._replace(x=x, weight=weight)


def species_operands(
    x: ArrayLike,
    weight: ArrayLike,
    species: ArrayLike | None,
    dims: tuple[int, int],
    meanings: tuple[str, str],
) -> Species:
    """Check and lay out x (..., dims[0]), weight and the row of weight of each sample.

    weight    (rows, dims[1]); without species (dims[1],) for all samples, or (..., dims[1]), one set a sample
    species   (...) whole numbers, or None; leading axes broadcast
    meanings  what each last axis counts, for the message
    raises    OperandError
    """
    features, weights = read_operand(x, "x"), read_operand(weight, "weight")
    last_axis(features, "x", dims[0], meanings[0])
    last_axis(weights, "weight", dims[1], meanings[1])
    rows = prod(weights.shape[:-1])
    if species is None and weights.ndim == 1:
        name, places = "weight", np.zeros(features.shape[:-1], np.int64)
    elif species is None:
        name, places = "weight", np.arange(rows).reshape(weights.shape[:-1])
    else:
        if weights.ndim != 2:
            raise OperandError(
                f"weight: got shape {list(weights.shape)}; with species it has one row a species, "
                f"[species, {dims[1]}]"
            )
        name, places = "species", _places(species, rows)
    shape = features.shape[:-1]
    if places.shape != shape:
        shape, _ = common_axes(("x", name), (features, places[..., np.newaxis]))
        features = np.broadcast_to(features, (*shape, dims[0]))
        places = np.broadcast_to(places, shape)
    dtype = features.dtype
    if weights.dtype != dtype:
        dtype = np.promote_types(dtype, weights.dtype)
    return Species(
        contiguous(features, dtype).reshape(prod(shape), dims[0]),
        contiguous(weights, dtype).reshape(rows, dims[1]),
        contiguous(places, _INTEGERS).reshape(-1),
        shape,
    )


def _places(species: ArrayLike, rows: int) -> NDArray[Any]:
    """Read whole numbers from 0 to rows - 1."""
    if isinstance(species, np.ma.MaskedArray):
        raise OperandError("species: got a masked array; fill or drop the masked samples first")
    try:
        places = np.asarray(species)
    except (ValueError, TypeError, OverflowError) as error:
        raise OperandError(f"species: NumPy reads no array from it ({error}); pass whole numbers") from error
    if places.dtype.kind not in "iu" and places.size:
        raise OperandError(
            f"species: got dtype {places.dtype}; give whole numbers, the row of weight of each sample"
        )
    if places.size and not 0 <= places.min() <= places.max() < rows:
        raise OperandError(
            f"species: got numbers from {places.min()} to {places.max()}; weight has {rows} rows, "
            f"so they must be 0 to {rows - 1}"
        )
    return places
