"""Sphere parity: how functions on the sphere change under inversion, and functions of their values.

Features of irreps p_val (p_arg)^l, l = 0..lmax, are a signal f that inversion takes to p_val f(p_arg r). A
function of its values is again such a signal where p_val = 1; where p_val = -1 it must be even or odd,
F(-v) = p F(v), and its result has p_val = p. e3nn's `S2Activation` has the same rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from reptheory.errors import LabelError
from reptheory.groups.irreps import Irreps
from reptheory.groups.labels import listed, shown, whole

__all__ = ["Signals", "read_signals", "tried_parity"]

_SCALES: Final = (4.0, 1.0, 0.0625)
"""Sizes of what a function is tried on: what is small beside a steep growth shows where that is flat."""


class Signals(NamedTuple):
    """The irreps of several signals on the sphere, the parity of each one's value, that of their argument."""

    irreps: tuple[Irreps, ...]
    p_vals: tuple[int, ...]
    p_arg: int

    @property
    def lmaxs(self) -> tuple[int, ...]:
        """The highest degree of each."""
        return tuple(irreps.lmax for irreps in self.irreps)

    def result(self, lmax: int, p_val: int) -> Irreps:
        """Return the irreps of a function of them."""
        return Irreps([(1, (degree, p_val * self.p_arg**degree)) for degree in range(lmax + 1)])


def read_signals(given: object, name: str) -> Signals:
    """Return the signals that degrees (parity (-1)^l) or irreps state, at least one.

    raises   LabelError: not one copy of each degree in order, parities that no signal has, or signals of
             which inversion turns some around and others not

    >>> read_signals((1, "0o + 1e"), "lmaxs")
    Signals(irreps=(1x0e+1x1o, 1x0o+1x1e), p_vals=(1, -1), p_arg=-1)
    """
    irreps = tuple(_signal(one, name) for one in listed(given, name))
    if not irreps:
        raise LabelError(f"{name}: got no degrees; give one a feature")
    parities = [[ir.p for _, ir in one] for one in irreps]
    turns = {own[0] * own[1] for own in parities if len(own) > 1} or {-1}
    if len(turns) > 1:
        raise LabelError(
            f"{name}: got {', '.join(map(str, irreps))}; inversion takes some of these signals to f(r), "
            "others to f(-r), so that a function of both has no parity; give features of one kind"
        )
    return Signals(irreps, tuple(own[0] for own in parities), turns.pop())


def _signal(given: object, name: str) -> Irreps:
    if not isinstance(given, Irreps | str):
        return Irreps.spherical_harmonics(whole(given, name))
    irreps = [ir for mul, ir in Irreps(given) for _ in range(mul)]
    parities = [ir.p for ir in irreps]
    degrees, same = [ir.l for ir in irreps], parities[2:] == parities[:-2]
    if not irreps or degrees != list(range(len(degrees))) or not same:
        raise LabelError(
            f"{name}: got {shown(str(given))}; a signal on the sphere has one copy of each degree from 0 on, "
            'its parities p or p (-1)^l: write "0e + 1o + 2e", "0o + 1e + 2o", "0e + 1e" or "0o + 1o"'
        )
    return Irreps([(1, ir) for ir in irreps])


def _parities(
    function: Callable[..., Any], shapes: Sequence[tuple[int, ...]], p_vals: Sequence[int], scale: float
) -> set[int]:
    """Return every p with F(p_vals v) = p F(v), but for rounding, for random v of some size."""
    rng = np.random.default_rng(0)
    values = [scale * rng.standard_normal(shape) for shape in shapes]
    with np.errstate(all="ignore"):
        there = np.asarray(function(*values))
        back = np.asarray(function(*(p_val * one for p_val, one in zip(p_vals, values, strict=True))))
        nearly = 1e-10 * np.abs(there).max(initial=0.0)
        return {p for p in (1, -1) if np.abs(there - p * back).max(initial=0.0) <= nearly}


def tried_parity(
    function: Callable[..., Any], shapes: Sequence[tuple[int, ...]], p_vals: Sequence[int], name: str
) -> int:
    """Return p where F(p_vals v) = p F(v) for random v: 1, -1, or LabelError if it is neither.

    function   arrays -> an array
    shapes     of each argument
    p_vals     the factor of each, 1 or -1
    """
    try:
        found = set.intersection(*(_parities(function, shapes, p_vals, scale) for scale in _SCALES))
    except TypeError as error:
        raise LabelError(
            f"{name}: it must be even or odd, as inversion changes the sign of what it takes, and trying "
            f"that failed ({error}); say parity=1 or parity=-1"
        ) from error
    if found:
        return max(found)  # of a function that is 0, both
    raise LabelError(
        f"{name}: it is neither even nor odd, but inversion changes the sign of what it takes, so that its "
        'result would have no parity; take an odd function such as "tanh", or an even one such as np.square'
    )
