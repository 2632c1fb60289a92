"""Every public function of labels, found from `__all__`, under everything that callers write for a label.

`CASES` says of each function what its labels are. A public function that is neither there nor in
`WITHOUT_LABELS` fails the first test, so that a new one cannot be forgotten. The checks
collect complaints instead of asserting, because they run under `python -O` as well.
"""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import flint
import numpy as np
import pytest
import sympy
from scalars import HALVES, NEGATIVES, UNREADABLE, boxed

import reptheory as rt
from reptheory.errors import LabelError, ReptheoryError, TooLarge

TWELVE = tuple(f"{row}{place}" for row in "jlk" for place in range(1, 5))
WITHOUT_LABELS = {
    "audit": "takes values of other packages",
    "convention": "takes a name",
    "convert": "takes values of other packages",
    "identify": "takes values of other packages",
    "blocks_from_irreps": "takes irreps",
    "field_from_function": "takes features",
    "function_from_field": "takes features",
    "cartesian_tensor": "its one argument is a formula",
    "compare_tables": "takes tables",
    "export_table": "takes a table",
    "expressivity": "takes a product",
    "irreps_from_blocks": "takes irreps",
    "open_table": "takes a path",
    "read_table": "takes a path",
}


class Case(NamedTuple):
    """A function of labels.

    kinds   one letter a label: j spin, m projection; l degree, o order (whole), n degree or None
    base    labels for which it has a value
    call    called with the labels; None: the function itself
    names   the labels as messages call them; None: the names of the arguments
    arrays  whether a label may be an array or list of labels
    """

    kinds: str
    base: tuple[int, ...]
    call: Callable[..., object] | None = None
    names: tuple[str, ...] | None = None
    arrays: bool = False


def of_tree(left: object, right: object, total: object) -> object:
    """Return an overlap of coupling trees with these spins."""
    tree = (("left", left), ("right", right), total)
    return rt.recoupling(tree, tree)


def of_shape(left: object, total: object) -> object:
    """Return the overlaps of a shape of two leaves with itself, but for its names."""
    shape = [("left", left), ("right", 1)]
    return rt.recoupling_matrix(shape, shape, total).matrix


def values_of(function: Callable[..., object]) -> Callable[..., object]:
    """Return the floats of a table as the value to compare."""

    def call(lmax: object) -> object:
        return function(lmax).values().tolist()  # type: ignore[attr-defined]

    return call


def listed_values(function: Callable[..., object]) -> Callable[..., object]:
    """Return the floats of a function of arrays as the value to compare."""

    def call(*labels: object) -> object:
        return function(*labels).tolist()  # type: ignore[attr-defined]

    return call


IDENTITY = (1, 0, 0, 0)
CASES: dict[str, Case] = {
    "build_table": Case("l", (1,), lambda lmax: rt.build_table("gaunt", lmax).key, ("lmax",)),
    "block_basis": Case("jj", (1, 1)),
    "clebsch_gordan": Case("jjjmmm", (1, 1, 2, 1, 0, 1)),
    "clebsch_gordan_array": Case("jjj", (1, 1, 2)),
    "estimate_table": Case("l", (1,), lambda lmax: rt.estimate_table("gaunt", lmax).rows, ("lmax",)),
    "forms_from_vector_harmonics": Case("l", (1,)),
    "fourier_from_harmonics": Case("l", (1,)),
    "gaunt": Case("lllooo", (1, 1, 2, 1, 0, -1)),
    "gaunt_array": Case("lll", (1, 1, 2)),
    "gaunt_n": Case(
        "lllooo",
        (1, 1, 2, 1, 0, -1),
        lambda a, b, c, x, y, z: rt.gaunt_n((a, b, c), (x, y, z)),
        ("ls[0]", "ls[1]", "ls[2]", "ms[0]", "ms[1]", "ms[2]"),
    ),
    "gaunt_n_array": Case(
        "lll", (1, 1, 2), lambda a, b, c: rt.gaunt_n_array((a, b, c)), ("ls[0]", "ls[1]", "ls[2]")
    ),
    "generators": Case("j", (1,)),
    "harmonic_factor": Case("lo", (2, 1)),
    "harmonics_from_fourier": Case("ln", (1, 2)),
    "harmonics_from_monomials": Case("l", (2,)),
    "load_table": Case("l", (1,), lambda lmax: rt.load_table("gaunt", lmax).key, ("lmax",)),
    "matrix_path_ratio": Case("jjjjjj", (1, 1, 1, 1, 1, 1)),
    "monomials": Case("l", (2,)),
    "monomials_from_harmonics": Case("l", (2,)),
    "racah": Case("jjjjjj", (1, 1, 1, 1, 1, 2)),
    "real_from_complex": Case("l", (1,)),
    "real_gaunt": Case("lllooo", (1, 1, 2, -1, 1, -2)),
    "real_rotation_matrix": Case("l", (1,), lambda l: rt.real_rotation_matrix(l, IDENTITY)),  # noqa: E741
    "recoupling": Case("jjj", (1, 1, 1), of_tree, ("tree1[0][1]", "tree1[1][1]", "tree1[2]")),
    "recoupling_matrix": Case("jj", (1, 1), of_shape, ("shape1[0][1]", "j")),
    "rotation_matrix": Case("j", (1,), lambda j: rt.rotation_matrix(j, IDENTITY)),
    "solid_gradient": Case("l", (1,)),
    "solid_harmonic": Case("lo", (2, 1)),
    "tensor_harmonic": Case("jljm", (1, 1, 1, 0)),
    "tensor_harmonic_array": Case("jlj", (1, 1, 1)),
    "vector_harmonic": Case("llo", (1, 1, 0)),
    "vector_harmonic_form": Case(
        "lo",
        (1, 0),
        lambda l, m: rt.vector_harmonic_form("curl", l, m),  # noqa: E741
        ("l", "m"),
    ),
    "tensor_path_ratio": Case(
        "l" * 9,
        (1, 1, 0, 1, 1, 0, 2, 2, 0),
        lambda *labels: rt.tensor_path_ratio(labels[:3], labels[3:6], labels[6:]),
        tuple(f"{name}[{place}]" for name in ("first", "second", "out") for place in range(3)),
    ),
    "vector_path": Case("lll", (1, 1, 1)),
    "vector_path_ratio": Case(
        "llllll",
        (1, 0, 1, 0, 1, 0),
        lambda a, b, c, d, e, f: rt.vector_path_ratio("cross", (a, b), (c, d), (e, f)),
        tuple(f"{name}[{place}]" for name in ("first", "second", "out") for place in range(2)),
    ),
    "symmetric_coupling": Case(
        "l", (2,), lambda degree: rt.symmetric_coupling("1o", "0e", degree).numerators, ("degree",)
    ),
    "wigner_12j_first": Case("j" * 12, (1,) * 12, None, TWELVE),
    "wigner_12j_second": Case("j" * 12, (1,) * 12, None, TWELVE),
    "wigner_3j": Case("jjjmmm", (1, 1, 2, 1, 0, -1)),
    "wigner_3j_array": Case("jjj", (1, 1, 2)),
    "wigner_3j_slabs": Case("l", (1,), lambda lmax: [len(slab) for slab in rt.wigner_3j_slabs(lmax)]),
    "gaunt_table": Case("ln", (1, 2), lambda *lmaxes: rt.gaunt_table(*lmaxes).values().tolist()),
    "wigner_3j_table": Case("l", (1,), values_of(rt.wigner_3j_table)),
    "wigner_6j": Case("jjjjjj", (1, 1, 1, 1, 1, 2)),
    "wigner_6j_array": Case("jjjj", (1, 1, 1, 1)),
    "wigner_6j_table": Case("l", (1,), values_of(rt.wigner_6j_table)),
    "wigner_9j": Case("j" * 9, (1, 1, 2, 1, 1, 1, 1, 1, 1)),
    "wigner_9j_array": Case("jjjjj", (1, 1, 1, 1, 1)),
    "wigner_d_euler": Case("j", (1,)),
    "wigner_d_fourier": Case("jl", (1, 0)),
    "wigner_d_pi_half": Case("j", (1,)),
    "wigner_d_polynomial": Case("jmm", (1, 1, 0)),
    "wigner_d_values": Case("jmm", (1, 1, 0), lambda *labels: rt.wigner_d_values(*labels, 0.5), arrays=True),
}
CASES |= {
    f"{name}_values": CASES[name]._replace(call=listed_values(getattr(rt, f"{name}_values")), arrays=True)
    for name in ("clebsch_gordan", "gaunt", "racah", "real_gaunt", "wigner_3j", "wigner_6j", "wigner_9j")
}
HUGE = (2**31, 2**32 + 1, 2**64, 10**300, 10**5000)


def function_of(name: str) -> Callable[..., object]:
    """Return what is called with the labels of a case."""
    function: Callable[..., object] = CASES[name].call or getattr(rt, name)
    return function


def names_of(name: str) -> tuple[str, ...]:
    """Return the labels of a case as messages call them."""
    case = CASES[name]
    return case.names or tuple(inspect.signature(getattr(rt, name)).parameters)[: len(case.kinds)]


def varied(name: str, kinds: str, values: list[object]) -> Iterator[tuple[str, list[object]]]:
    """Yield (name of a label, all labels) with each value in each place of one of the kinds."""
    case = CASES[name]
    for place, kind in enumerate(case.kinds):
        for value in values:
            ordered = isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim > 0)
            if kind in kinds and not (kind == "n" and value is None) and not (case.arrays and ordered):
                labels: list[object] = list(case.base)
                labels[place] = value
                yield names_of(name)[place], labels


def complaint(name: str, place: str, labels: list[object]) -> str | None:
    """Return what is wrong with how a function refuses labels; None if nothing is."""
    try:
        value = function_of(name)(*labels)
    except (LabelError, TooLarge) as error:
        if isinstance(error, TooLarge) and not CASES[name].arrays:
            return f"{name}: {place}: TooLarge instead of LabelError"
        message = str(error)
        came = f"{place}: " if CASES[name].arrays else f"{place}: got "
        if message.startswith(came) and ";" in message and "\n" not in message:
            return None
        return f"{name}: {place}: {message}"
    except Exception as error:  # any other error is the complaint
        return f"{name}: {place}: {type(error).__name__}: {error}"
    return f"{name}: {place}: accepted with the value {type(value).__name__}"


def refusal(name: str, labels: list[object]) -> type[Exception] | None:
    """Return the class of a short error of one line; None if there is a value."""
    try:
        function_of(name)(*labels)
    except ReptheoryError as error:
        message = str(error)
        return type(error) if len(message) < 500 and "\n" not in message else AssertionError
    return None


def complaints(name: str) -> list[str]:
    """Return what is wrong with how one function refuses everything that is no label."""
    case = CASES[name]
    impossible = [
        *varied(name, "jlmon", UNREADABLE),
        *varied(name, "lon", HALVES),
        *varied(name, "jln", NEGATIVES),
        *varied(name, "mo", [999, -999, 2**64]),
    ]
    if "j" in case.kinds:
        impossible += varied(name, "m", [Fraction(1, 2), -0.5])
    return [found for place, labels in impossible if (found := complaint(name, place, labels))]


def test_every_public_function_of_labels_is_here() -> None:
    functions = {name: getattr(rt, name) for name in rt.__all__ if inspect.isfunction(getattr(rt, name))}
    assert set(CASES) | set(WITHOUT_LABELS) == set(functions)


@pytest.mark.parametrize("name", CASES)
def test_what_is_no_label_is_refused_by_name(name: str) -> None:
    assert complaints(name) == []


def test_the_same_without_assertions() -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "import test_labels_of_every_function as suite\n"
        "print(__debug__, [suite.complaints(name) for name in ('wigner_3j', 'gaunt_n', 'wigner_9j')])"
    )
    here = Path(__file__).parent
    command = [sys.executable, "-O", "-W", "ignore", "-c", code, str(here), str(here.parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "False [[], [], []]"


TYPES: list[Callable[[int], object]] = [
    np.int8,
    np.int16,
    np.int64,
    np.float32,
    np.array,
    float,
    Fraction,
    Decimal,
    sympy.Integer,
    flint.fmpz,
    boxed,
    lambda value: np.array(value).astype(">i4"),
    lambda value: np.uint8(value) if value >= 0 else value,
    lambda value: np.uint64(value) if value >= 0 else value,
]


@pytest.mark.parametrize("name", CASES)
def test_every_number_type_gives_the_same_value(name: str) -> None:
    case, function = CASES[name], function_of(name)
    expected = function(*case.base)
    for written in TYPES:
        assert function(*map(written, case.base)) == expected, written


@pytest.mark.parametrize("name", CASES)
def test_halves_are_spins(name: str) -> None:
    case, function = CASES[name], function_of(name)
    spin = rt.Spin("1/2")
    for half in (0.5, Fraction(1, 2), np.float16(0.5), sympy.Rational(1, 2), Decimal("0.5"), spin):
        if set(case.kinds) == {"j"}:
            labels = [half] * len(case.kinds)
            assert function(*labels) == function(*[Fraction(1, 2)] * len(labels))


SCALARS = {
    "clebsch_gordan": (100, 100, 100, -100, 100, 0),
    "gaunt": (100, 100, 100, -100, 100, 0),
    "harmonic_factor": (127, -127),
    "racah": (100, 100, 100, 100, 100, 100),
    "real_gaunt": (100, 100, 100, -100, 0, -100),
    "wigner_3j": (100, 100, 100, -100, 100, 0),
    "wigner_6j": (100, 100, 100, 100, 100, 100),
    "wigner_9j": (40, 40, 80, 40, 40, 80, 80, 80, 100),
}


@pytest.mark.parametrize("name", SCALARS)
def test_narrow_integers_do_not_overflow(name: str) -> None:
    labels, function = SCALARS[name], function_of(name)
    expected = function(*labels)
    assert expected != 0
    assert function(*map(np.int8, labels)) == expected
    for narrow in (np.uint8, np.uint16, np.uint64):
        assert function(*(narrow(one) if one >= 0 else one for one in labels)) == expected


@pytest.mark.parametrize(
    "name", ["wigner_3j", *(pytest.param(name, marks=pytest.mark.slow) for name in SCALARS)]
)
def test_labels_of_a_hundred_thousand_are_served(name: str) -> None:
    case, large = CASES[name], 10**5
    labels = [large if kind in "jl" else label for kind, label in zip(case.kinds, case.base, strict=True)]
    try:
        value = function_of(name)(*labels)
    except TooLarge:
        assert name == "wigner_9j"  # a sum of 10^5 products of such numbers
    else:
        assert value != 0


@pytest.mark.parametrize("name", CASES)
def test_huge_labels_are_served_or_refused_with_a_reason(name: str) -> None:
    case = CASES[name]
    spins = [kind in "jln" for kind in case.kinds]
    for huge in HUGE:
        trials = [labels for _, labels in varied(name, "jln", [huge])]
        trials.append([huge if spin else label for spin, label in zip(spins, case.base, strict=True)])
        for labels in trials:
            assert refusal(name, labels) in {None, LabelError, TooLarge}
