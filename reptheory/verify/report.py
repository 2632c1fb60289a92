"""Report: the main job. Real features, every product in every precision, every check, one frozen result.

x and y are two expansions of the same neighbourhoods ("bessel" and "gaussian" of `features`), one sample per
atom and radial channel. float32 runs take them rounded to float32; each run's exact product takes exactly the
floats that the run took.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from reptheory.conventions import REAL
from reptheory.errors import LabelError
from reptheory.groups.labels import degree as checked_degree
from reptheory.groups.labels import whole
from reptheory.verify import candidates as under_test
from reptheory.verify.checks import (
    Check,
    check_agreement,
    check_certificate,
    check_error,
    check_inversion,
    check_rotation,
    check_tables,
)
from reptheory.verify.exact_product import Coupling, exact_products, paths_to
from reptheory.verify.features import neighbour_density
from reptheory.verify.layers import check_layers
from reptheory.verify.many_body import UP_TO, check_many_body
from reptheory.verify.molecules import resolve
from reptheory.verify.paths import check_exact_paths, check_probed_paths
from reptheory.verify.results import Curve, MoleculeFacts, Report, Row, Sparsity
from reptheory.verify.rotations import Rotation, random_rotation
from reptheory.verify.sphere import check_sphere

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from reptheory.verify.candidates import Candidate
    from reptheory.verify.enclosure import Enclosure
    from reptheory.verify.exact_product import ExactProducts
    from reptheory.verify.molecules import Molecule

__all__ = ["HIGHEST", "Report", "run"]

HIGHEST: Final = 16
"""Highest degree of a report: above it the exact coefficients alone take gigabytes."""

_OUTPUTS: Final = 6_000_000  # outputs of the full product that one run keeps, per precision
_TURNED: Final = 12  # samples that are rotated
_ROTATIONS: Final = 2
_BATCH: Final = 1_000  # products in a timed batch, fewer where the batch would exceed _BATCH_OUTPUTS
_BATCH_OUTPUTS: Final = 4_000_000
_TABLES: Final = ("clebsch_gordan", "gaunt", "fourier_from_harmonics")
_PACKAGES: Final = ("reptheory", "numpy", "scipy", "numba", "python-flint")


@dataclass(frozen=True, eq=False)
class _Work:
    """Operands and exact products, by dtype name."""

    x: dict[str, NDArray[Any]]
    y: dict[str, NDArray[Any]]
    exact: ExactProducts
    coupling: Coupling

    def operands(self, candidate: Candidate) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the operands of a candidate, cut at its lmax."""
        name, size = candidate.precision.dtype, (candidate.lmax + 1) ** 2
        x, y = self.x[name], self.y[name]
        return np.ascontiguousarray(x[:, :size]), np.ascontiguousarray(y[:, :size])

    def expected(self, candidate: Candidate) -> Enclosure:
        """Return the exact product of those operands."""
        count = len(self.x["float64"])
        rows = slice(0, count) if candidate.precision.dtype == "float64" else slice(count, 2 * count)
        if candidate.family == "Gaunt":
            return self.exact.gaunt[candidate.lmax][rows]
        full = self.exact.full[rows]
        return (
            full if candidate.lmax == self.coupling.lmax else full[:, self.coupling.columns(candidate.lmax)]
        )


class _Stages:
    """One progress bar over stages of unequal length."""

    def __init__(self, progress: Callable[[int, int], object] | None) -> None:
        self._progress = progress
        self._start = self._end = 0

    def until(self, end: int) -> Callable[[int, int], None]:
        """Begin the stage that ends at `end` percent; return its own progress(done, total)."""
        self._start, self._end = self._end, end
        self.show(0, 1)
        return self.show

    def show(self, done: int, total: int) -> None:
        """Show how much of the stage is done."""
        if self._progress is not None:
            part = done / total if total else 1.0
            self._progress(round(10 * (self._start + part * (self._end - self._start))), 1000)


def run(
    molecules: Sequence[str] | None,
    lmax: int,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Report:
    """Run and verify everything.

    molecules   shipped names or paths; none for the default; None for every shipped structure
    lmax        highest degree of the features, 1 to 16; the Gaunt product reaches 2 lmax
    seed        of the random rotations and probes, >= 0
    progress    called as progress(done, total)
    returns     the result; `holds` says whether every check holds
    raises      OperandError: a molecule cannot be read; LabelError: lmax or seed out of range
    """
    begin = perf_counter()
    lmax = checked_degree(lmax, "lmax", HIGHEST)
    if lmax == 0:
        raise LabelError("lmax: got 0; the report needs at least l = 1, where rotations act")
    generator = np.random.default_rng(whole(seed, "seed"))
    stages = _Stages(progress)
    structures = resolve(molecules)
    stages.until(2)
    features = [_features(molecule, lmax) for molecule in structures]
    facts, chosen = _choose(structures, features, lmax)
    work = _prepare(chosen, Coupling.to(lmax, stages.until(6)), stages.until(40))
    members = under_test.candidates(lmax)
    turns = [random_rotation(generator, 2 * lmax) for _ in range(_ROTATIONS)]
    rows, checks = _examine(members, work, turns, stages.until(75))
    curves, more = _curves(members, rows, work, stages.until(90))
    checks += more + _relations(members, work, seed)
    stages.until(98)
    checks += check_tables([(kind, lmax) for kind in _TABLES])
    sparsity = tuple(_sparsity(lmax))
    stages.until(100)(1, 1)
    return Report(
        lmax=lmax,
        seed=seed,
        convention=REAL,
        environment=_environment(),
        molecules=facts,
        rows=tuple(rows),
        checks=tuple(checks),
        curves=tuple(curves),
        sparsity=sparsity,
        seconds=perf_counter() - begin,
    )


def _features(molecule: Molecule, lmax: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both expansions of a molecule: (atoms, channels, (lmax + 1)^2) each."""
    return neighbour_density(molecule, lmax, "bessel"), neighbour_density(molecule, lmax, "gaussian")


def _choose(
    structures: Sequence[Molecule],
    features: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
    lmax: int,
) -> tuple[tuple[MoleculeFacts, ...], tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Take as many samples of each molecule as memory allows, evenly spread; all of them where it can."""
    most = max(2, _OUTPUTS // ((lmax + 1) ** 4 * len(structures)))
    facts, left, right = [], [], []
    for molecule, (x, y) in zip(structures, features, strict=True):
        available = x.shape[0] * x.shape[1]
        places = np.unique(np.linspace(0, available - 1, min(most, available)).round().astype(int))
        left.append(x.reshape(available, -1)[places])
        right.append(y.reshape(available, -1)[places])
        facts.append(
            MoleculeFacts(
                molecule.name,
                molecule.formula,
                len(molecule),
                len(places),
                available,
                handedness(x, y),
                molecule.source,
            )
        )
    return tuple(facts), (np.concatenate(left), np.concatenate(right))


def handedness(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Sum (x_n x y_n) . x_{n+1} over atoms and channels, the cross product by the path 1 x 1 -> 1.

    x, y   (atoms, channels, >= 4) features
    """
    product = under_test.full_candidate(1, under_test.Precision("float64"))
    path = next(path for path in paths_to(1) if (path.l1, path.l2, path.l3) == (1, 1, 1))
    left, right = (np.ascontiguousarray(operand[..., :4]) for operand in (x, y))
    cross = np.sqrt(2.0) * product.multiply(left, right)[..., path.outputs]
    return float((cross[:, :-1] * x[:, 1:, 1:4]).sum())


def _prepare(
    operands: tuple[NDArray[np.float64], NDArray[np.float64]],
    coupling: Coupling,
    progress: Callable[[int, int], None],
) -> _Work:
    """Round the operands to each dtype and multiply them exactly."""
    x, y = ({name: operand.astype(name) for name in ("float64", "float32")} for operand in operands)
    both = [np.concatenate([one["float64"], one["float32"].astype(np.float64)]) for one in (x, y)]
    return _Work(x, y, exact_products(both[0], both[1], coupling, progress), coupling)


def _examine(
    members: Sequence[Candidate],
    work: _Work,
    turns: Sequence[Rotation],
    progress: Callable[[int, int], None],
) -> tuple[list[Row], list[Check]]:
    """Put every candidate through every check of its own."""
    rows, checks = [], []
    for done, candidate in enumerate(members):
        x, y = work.operands(candidate)
        expected = work.expected(candidate)
        error, z = check_error(candidate, x, y, expected)
        certificate = check_certificate(candidate, x, y, z, expected)
        few = np.unique(np.linspace(0, len(x) - 1, min(_TURNED, len(x))).round().astype(int))
        rotations = [check_rotation(candidate, x[few], y[few], work.coupling, turn) for turn in turns]
        inversion = check_inversion(candidate, x, y)
        own = [error, certificate, *rotations, inversion]
        rows.append(_row(candidate, own, _microseconds(candidate, x, y)))
        checks += own
        progress(done + 1, len(members))
    return rows, checks


def _row(candidate: Candidate, checks: Sequence[Check], microseconds: float) -> Row:
    """Summarise the checks of one candidate, in the order of `_examine`."""
    error, certificate, *rotations, inversion = checks
    return Row(
        family=candidate.family,
        method=candidate.method,
        precision=str(candidate.precision),
        worst_error=error.figures["worst_error"],
        worst_bound=error.figures["worst_bound"],
        tightness=error.figures["tightness"],
        worst_certificate=certificate.figures["worst_bound"],
        certificate_tightness=certificate.figures["tightness"],
        rotation_error=max(check.figures["worst_error"] for check in rotations),
        rotation_tolerance=max(check.figures["worst_bound"] for check in rotations),
        inversion_identical=inversion.figures["identical"],
        microseconds=microseconds,
        cost=candidate.cost,
        holds=all(check.holds for check in checks),
    )


def _microseconds(candidate: Candidate, x: NDArray[Any], y: NDArray[Any]) -> float:
    """Time one product in a batch of the samples repeated; the best of a few runs."""
    batch = max(1, min(_BATCH, _BATCH_OUTPUTS // len(candidate.parities)))
    left, right = np.resize(x, (batch, x.shape[1])), np.resize(y, (batch, y.shape[1]))
    candidate.multiply(left, right)
    best, spent = np.inf, 0.0
    while spent < 0.03:
        begin = perf_counter()
        candidate.multiply(left, right)
        taken = perf_counter() - begin
        best, spent = min(best, taken), spent + taken
    return 1e6 * best / batch


def _curves(
    members: Sequence[Candidate],
    rows: Sequence[Row],
    work: _Work,
    progress: Callable[[int, int], None],
) -> tuple[list[Curve], list[Check]]:
    """Measure error, bound, time and cost at degrees up to lmax; each bound is checked on the way."""
    lmax = work.coupling.lmax
    degrees = range(1, lmax) if lmax <= 6 else range(2, lmax, 2)
    curves, checks = [], []
    for done, degree in enumerate(degrees):
        for candidate in under_test.candidates(degree):
            x, y = work.operands(candidate)
            check, _ = check_error(candidate, x, y, work.expected(candidate))
            checks.append(Check(check.name, f"{check.subject}, l <= {degree}", check.holds, check.figures))
            curves.append(_point(candidate, check.figures, _microseconds(candidate, x, y)))
        progress(done + 1, len(degrees))
    for candidate, row in zip(members, rows, strict=True):
        figures = {"worst_error": row.worst_error, "worst_bound": row.worst_bound}
        curves.append(_point(candidate, figures, row.microseconds))
    return curves, checks


def _point(candidate: Candidate, figures: Any, microseconds: float) -> Curve:
    """Return one point of the plots."""
    return Curve(
        candidate.family,
        candidate.method,
        str(candidate.precision),
        candidate.lmax,
        figures["worst_error"],
        figures["worst_bound"],
        microseconds,
        candidate.cost,
    )


def _relations(members: Sequence[Candidate], work: _Work, seed: int) -> list[Check]:
    """Check what ties candidates to each other: methods agree, and paths are lost and kept as they must."""
    from reptheory.exact.coupling import coupling_block  # noqa: PLC0415

    checks: list[Check] = []
    gaunt = [candidate for candidate in members if candidate.family == "Gaunt"]
    others = [candidate for candidate in members if candidate.family != "Gaunt"]
    for family, precision in product((gaunt, others), under_test.PRECISIONS):
        same = [candidate for candidate in family if candidate.precision == precision]
        checks += check_agreement(same, *work.operands(same[0]))
    for one in gaunt:
        if one.method == "grid" and one.precision.accumulate is None:
            checks += check_sphere(*work.operands(one), one.lmax, work.expected(one))
            few = under_test.gaunt_candidate(min(one.lmax, UP_TO), "grid", one.precision)
            operands, exact = work.operands(few), work.expected(few)
            checks += check_many_body(*operands, few.lmax, exact, work.coupling)
    checks += check_layers(work.x["float64"], work.y["float64"], work.coupling)
    checks.append(check_exact_paths(work.coupling, partial(coupling_block, "gaunt")))
    widest = under_test.Precision("float64")
    full = next(one for one in members if one.family != "Gaunt" and one.precision == widest)
    checks += [
        check_probed_paths(candidate, full, work.coupling, seed)
        for candidate in gaunt
        if candidate.precision == widest
    ]
    return checks


def _sparsity(lmax: int) -> list[Sparsity]:
    """Count nonzeros of the tables at every degree up to lmax."""
    from reptheory.build.library import load_table  # noqa: PLC0415

    found = []
    for kind in _TABLES:
        index = load_table(kind, lmax).index
        labels = 1 if kind == "fourier_from_harmonics" else 2
        highest = index[:, :labels].max(axis=1)
        for degree in range(1, lmax + 1):
            one, two = (degree + 1) ** 2, (2 * degree + 1) ** 2
            dense = {"clebsch_gordan": one**4, "gaunt": one**2 * two}.get(kind, one * two)
            found.append(Sparsity(kind, degree, int((highest <= degree).sum()), dense))
    return found


def _environment() -> dict[str, str]:
    """Name the versions and the kind of machine, nothing that tells whose it is."""
    found = {"python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # a checkout on the path, not installed
            from reptheory import __version__  # noqa: PLC0415

            found[package] = __version__
    return found
