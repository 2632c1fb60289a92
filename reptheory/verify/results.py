"""Results: what a report holds, frozen and plain, so that it can be printed, drawn or written as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reptheory.conventions import Convention
from reptheory.verify.checks import Check

__all__ = ["Curve", "MoleculeFacts", "Report", "Row", "Sparsity"]


@dataclass(frozen=True)
class MoleculeFacts:
    """A structure of the report.

    samples      how many of its (atom, channel) pairs were multiplied exactly
    available    how many it has
    handedness   sum over atoms and channels n of (x_n x y_n) . x_{n+1}, x and y the l = 1 features, from the
                 path 1 x 1 -> 1 of the full product: odd under inversion, so only a chiral structure has one
    """

    name: str
    formula: str
    atoms: int
    samples: int
    available: int
    handedness: float
    source: str


@dataclass(frozen=True)
class Row:
    """One product in one precision at the highest degree.

    worst_error, worst_bound, worst_certificate    largest of each over all samples and outputs
    tightness, certificate_tightness               worst bound and worst certificate over worst error
    rotation_error, rotation_tolerance             largest of each over random rotations
    inversion_identical                            share of outputs that inversion changes by their sign only
    microseconds                                   per product, in a batch
    cost                                           multiplications a product
    """

    family: str
    method: str
    precision: str
    worst_error: float
    worst_bound: float
    tightness: float
    worst_certificate: float
    certificate_tightness: float
    rotation_error: float
    rotation_tolerance: float
    inversion_identical: float
    microseconds: float
    cost: int
    holds: bool


@dataclass(frozen=True)
class Curve:
    """One product in one precision at one degree: a point of every plot against L."""

    family: str
    method: str
    precision: str
    degree: int
    worst_error: float
    worst_bound: float
    microseconds: float
    cost: int


@dataclass(frozen=True)
class Sparsity:
    """Nonzeros of one kind of table to one degree, and the entries that a dense array would have."""

    kind: str
    degree: int
    nonzeros: int
    dense: int


@dataclass(frozen=True)
class Report:
    """Everything that one run found.

    environment   versions and machine, by name
    seconds       how long the run took
    """

    lmax: int
    seed: int
    convention: Convention
    environment: Mapping[str, str]
    molecules: tuple[MoleculeFacts, ...]
    rows: tuple[Row, ...]
    checks: tuple[Check, ...]
    curves: tuple[Curve, ...]
    sparsity: tuple[Sparsity, ...]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return all(check.holds for check in self.checks)

    @property
    def samples(self) -> int:
        """How many pairs of feature vectors were multiplied."""
        return sum(molecule.samples for molecule in self.molecules)

    @property
    def tally(self) -> dict[str, tuple[int, int]]:
        """Name of each kind of check -> (how many hold, how many there are), in order."""
        counts: dict[str, tuple[int, int]] = {}
        for check in self.checks:
            held, total = counts.get(check.name, (0, 0))
            counts[check.name] = held + check.holds, total + 1
        return counts
