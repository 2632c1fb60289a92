"""Instructions: which copies of which irreps a weighted product couples, and with what exact factor.

An instruction (i_in1, i_in2, i_out, connection_mode, has_weight[, path_weight]) couples entry i_in1 of the
first operand with entry i_in2 of the second and adds the result to entry i_out:

    uvw    z_w  += sum_uv w_uvw x_u (x) y_v        uvu    z_u  += sum_v w_uv x_u (x) y_v
    uuw    z_w  += sum_u  w_uw  x_u (x) y_u        uvv    z_v  += sum_u w_uv x_u (x) y_v
    uuu    z_u  +=        w_u   x_u (x) y_u        uvuv   z_uv += w_uv x_u (x) y_v

u, v, w run over copies. (x) is the Clebsch-Gordan product in the real basis times e3nn's normalisation, a
square root of a rational number, folded into each coefficient before its one rounding. As in e3nn 0.6
(https://docs.e3nn.org/en/stable/api/o3/o3_tp.html), with alpha = 2 l_out + 1 ("component"),
(2 l1 + 1)(2 l2 + 1) ("norm") or 1 ("none"), the factor of a 3j symbol is sqrt(alpha path_weight / x), where x
is the number of terms that all instructions together add to one output ("element"), the number of terms of
this one times the number of instructions with that output ("path"), or 1 ("none").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import prod
from typing import Any, Literal, NamedTuple, get_args

from reptheory.errors import LabelError
from reptheory.groups.labels import shown, whole
from reptheory.groups.o3 import O3, Irreps

__all__ = [
    "Instruction",
    "IrrepNormalization",
    "Letters",
    "PathNormalization",
    "irrep_square",
    "read_instructions",
    "require_choice",
]

IrrepNormalization = Literal["component", "norm", "none"]
PathNormalization = Literal["element", "path", "none"]


class Letters(NamedTuple):
    """The copy indices of each operand of a mode, slowest first."""

    in1: str
    in2: str
    out: str
    weight: str


MODES = {
    "uvw": Letters("u", "v", "w", "uvw"),
    "uvu": Letters("u", "v", "u", "uv"),
    "uvv": Letters("u", "v", "v", "uv"),
    "uuw": Letters("u", "u", "w", "uw"),
    "uuu": Letters("u", "u", "u", "u"),
    "uvuv": Letters("u", "v", "uv", "uv"),
}


class Instruction(NamedTuple):
    """One instruction, checked.

    i_in1, i_in2, i_out   entries of the irreps of the two operands and of the result
    connection_mode       "uvw", "uvu", "uvv", "uuw", "uuu" or "uvuv"
    has_weight            whether its terms are multiplied by weights
    path_weight           the relative weight that was asked for, exactly
    path_shape            shape of its weights: the copies (u, v, w) that the mode weighs
    square                square of the factor of the Clebsch-Gordan coefficients
    """

    i_in1: int
    i_in2: int
    i_out: int
    connection_mode: str
    has_weight: bool
    path_weight: Fraction
    path_shape: tuple[int, ...]
    square: Fraction

    @property
    def entries(self) -> tuple[int, int, int]:
        """The entries of the two operands and of the result."""
        return self.i_in1, self.i_in2, self.i_out

    @property
    def letters(self) -> Letters:
        """The copy indices of each operand."""
        return MODES[self.connection_mode]

    @property
    def weight_numel(self) -> int:
        """The number of its weights."""
        return prod(self.path_shape) if self.has_weight else 0


def read_instructions(
    given: Iterable[Sequence[Any]],
    irreps: tuple[Irreps, Irreps, Irreps],
    irrep_normalization: IrrepNormalization,
    path_normalization: PathNormalization,
) -> tuple[Instruction, ...]:
    """Check instructions against the irreps of the operands and of the result, and normalise them.

    raises   LabelError: an entry that is not there, a path that a selection rule forbids, a mode that does
             not fit the multiplicities, an unknown normalisation
    """
    require_choice("irrep_normalization", irrep_normalization, IrrepNormalization)
    require_choice("path_normalization", path_normalization, PathNormalization)
    read = [_read(k, instruction, irreps) for k, instruction in enumerate(given)]
    terms: dict[int, list[int]] = {}
    for one in read:
        terms.setdefault(one.i_out, []).append(_summed(one, irreps))
    sums = {place: (sum(found), len(found)) for place, found in terms.items()}
    return tuple(
        one._replace(square=_square(one, sums[one.i_out], irreps, irrep_normalization, path_normalization))
        for one in read
    )


def require_choice(name: str, value: object, kind: object) -> None:
    """Raise LabelError unless a value is one of the words of a Literal."""
    if not isinstance(value, str) or value not in get_args(kind):
        raise LabelError(f"{name}: got {shown(value)}; it must be one of {', '.join(get_args(kind))}")


def irrep_square(l1: int, l2: int, l3: int, normalization: IrrepNormalization) -> Fraction:
    """Return alpha / (2 l3 + 1), the square of the factor of Clebsch-Gordan coefficients.

    >>> irrep_square(1, 1, 0, "norm")
    Fraction(9, 1)
    """
    top = {"component": 2 * l3 + 1, "norm": (2 * l1 + 1) * (2 * l2 + 1), "none": 1}[normalization]
    return Fraction(top, 2 * l3 + 1)


def _read(number: int, given: Sequence[Any], irreps: tuple[Irreps, Irreps, Irreps]) -> Instruction:
    """Check one instruction; its square is not known yet."""
    name = f"instructions[{number}]"
    try:
        fields = tuple(given)
    except TypeError:
        fields = ()
    if len(fields) not in (5, 6):
        raise LabelError(
            f"{name}: got {shown(given)}; write (i_in1, i_in2, i_out, mode, has_weight) "
            "and a path_weight if it is not 1"
        )
    places = [_entry(f"{name}[{k}]", fields[k], irreps[k]) for k in range(3)]
    mode, has_weight = fields[3], fields[4]
    if not isinstance(mode, str) or mode not in MODES:
        raise LabelError(f"{name}[3]: got {shown(mode)}; the mode must be one of {', '.join(MODES)}")
    if has_weight not in (True, False):
        raise LabelError(f"{name}[4]: got {shown(has_weight)}; has_weight must be True or False")
    shape = _path_shape(name, mode, bool(has_weight), [irreps[k][places[k]].mul for k in range(3)])
    ir1, ir2, ir_out = (irreps[k][places[k]].ir for k in range(3))
    if not O3.contains(ir1, ir2, ir_out):
        raise LabelError(
            f"{name}: got {ir1} x {ir2} -> {ir_out}; no such path; {ir_out} must be in the product"
        )
    weight = _path_weight(f"{name}[5]", fields[5] if len(fields) == 6 else 1)
    return Instruction(places[0], places[1], places[2], mode, bool(has_weight), weight, shape, Fraction(0))


def _entry(name: str, value: Any, irreps: Irreps) -> int:
    place = whole(value, name)
    if place >= len(irreps):
        raise LabelError(f"{name}: got {shown(value)}; {irreps} has {len(irreps)} entries; count from 0")
    return place


def _path_weight(name: str, value: Any) -> Fraction:
    """Return a path weight exactly; a float is the rational number that it is."""
    try:
        weight = Fraction(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise LabelError(f"{name}: got {shown(value)}; a path_weight is a number >= 0") from error
    if isinstance(value, bool) or weight < 0:
        raise LabelError(f"{name}: got {shown(value)}; a path_weight is a number >= 0")
    return weight


def _path_shape(name: str, mode: str, has_weight: bool, muls: list[int]) -> tuple[int, ...]:
    """Return the shape of the weights, or raise LabelError where copies do not match the mode."""
    letters = MODES[mode]
    sizes: dict[str, int] = {}
    for operand, mul in zip((letters.in1, letters.in2), muls[:2], strict=True):
        if sizes.setdefault(operand, mul) != mul:
            raise LabelError(f"{name}: got {mode} with {muls[0]} and {muls[1]} copies; u needs equal numbers")
    if "w" in letters.out:
        sizes["w"] = muls[2]
        if not has_weight and (mode == "uvw" or muls[2] != 1):
            raise LabelError(
                f"{name}: got {mode} without weights; nothing tells its outputs apart; set has_weight"
            )
    expected = prod(sizes[letter] for letter in letters.out)
    if muls[2] != expected:
        raise LabelError(
            f"{name}: got {muls[2]} output copies; {mode} of {muls[0]} and {muls[1]} has {expected}"
        )
    return tuple(sizes[letter] for letter in letters.weight)


def _summed(one: Instruction, irreps: tuple[Irreps, Irreps, Irreps]) -> int:
    """Count the terms that one instruction adds to one output copy."""
    letters = one.letters
    sizes = {letters.in1: irreps[0][one.i_in1].mul, letters.in2: irreps[1][one.i_in2].mul}
    return prod(mul for letter, mul in sizes.items() if letter not in letters.out)


def _square(
    one: Instruction,
    sharing: tuple[int, int],
    irreps: tuple[Irreps, Irreps, Irreps],
    irrep_normalization: IrrepNormalization,
    path_normalization: PathNormalization,
) -> Fraction:
    """Return the square of the factor of Clebsch-Gordan coefficients, sqrt(2 l_out + 1) 3j symbols.

    sharing   terms and number of the instructions to the same output
    """
    l1, l2, l3 = (irreps[k][one.entries[k]].ir.l for k in range(3))
    terms, paths = sharing
    count = {"element": terms, "path": _summed(one, irreps) * paths, "none": 1}[path_normalization]
    return irrep_square(l1, l2, l3, irrep_normalization) / max(count, 1) * one.path_weight
