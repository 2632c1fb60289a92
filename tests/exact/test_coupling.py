"""Blocks: every kind in both bases is the 3j symbol, scaled; the closed form at m = 0; bad kinds."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from strategies import degrees

from reptheory.conventions import COMPLEX, REAL, Basis
from reptheory.errors import LabelError
from reptheory.exact.coupling import CouplingKind, coupling_block
from reptheory.exact.real_basis import real_from_complex
from reptheory.exact.square_grid import wigner_3j_array
from reptheory.exact.surd import Surd
from reptheory.exact.three_spins import parity_3j
from reptheory.exact.wigner3j import wigner_3j

KINDS: tuple[CouplingKind, ...] = ("wigner_3j", "clebsch_gordan", "gaunt")
TRIPLES = [d for d in product(range(4), repeat=3) if abs(d[0] - d[1]) <= d[2] <= d[0] + d[1]]


@given(degrees(30), degrees(30), degrees(60))
def test_the_closed_form_at_m_0_is_the_sum(l1: int, l2: int, l3: int) -> None:
    if abs(l1 - l2) <= l3 <= l1 + l2:
        sign, top, bottom = parity_3j(l1, l2, l3)
        assert Surd.sqrt(Fraction(top, bottom), sign=sign) == wigner_3j(l1, l2, l3, 0, 0, 0)


@pytest.mark.parametrize("triple", TRIPLES)
def test_the_real_3j_is_the_complex_one_transformed(triple: tuple[int, int, int]) -> None:
    array = wigner_3j_array(*triple)
    for degree in triple[::-1]:
        array = _first_last(array.transpose((2, 0, 1)), degree)
    phase = Surd.sqrt(-1, sign=-1) if sum(triple) % 2 else Surd.rational(1)
    assert array * phase == coupling_block("wigner_3j", *triple)


def _first_last(array, degree):  # type: ignore[no-untyped-def]
    """Transform the first axis by conj(U) and leave it first."""
    return real_from_complex(degree).conjugate().contract(array, ([1], [0]), REAL)


@pytest.mark.parametrize("triple", TRIPLES)
def test_real_blocks_are_multiples_of_one_another(triple: tuple[int, int, int]) -> None:
    l1, l2, l3 = triple
    symbol = coupling_block("wigner_3j", *triple)
    scale = Surd.sqrt(2 * l3 + 1, sign=-1 if (l1 - l2) % 2 else 1)
    assert coupling_block("clebsch_gordan", *triple) == symbol * scale
    weight = Surd.sqrt(Fraction((2 * l1 + 1) * (2 * l2 + 1) * (2 * l3 + 1), 4), pi_power=-1)
    assert coupling_block("gaunt", *triple) == symbol * (weight * wigner_3j(*triple, 0, 0, 0))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("basis", ["real", "complex"])
def test_blocks_are_real_sparse_and_labelled(kind: CouplingKind, basis: Basis) -> None:
    block = coupling_block(kind, 2, 3, 3, basis)
    assert block.convention is (REAL if basis == "real" else COMPLEX)
    assert block.shape == (5, 7, 7)
    assert block.is_real
    assert block.pi_power == (-1 if kind == "gaunt" else 0)
    assert block.nnz == np.count_nonzero(block.to_numpy())
    assert coupling_block(kind, 2, 3, 6, basis).nnz == 0
    assert coupling_block(kind, 1, 3, 3, basis).nnz == (0 if kind == "gaunt" else block_size(kind, basis))


def block_size(kind: CouplingKind, basis: Basis) -> int:
    """Count the entries of (1, 3, 3) one by one."""
    if basis == "complex":
        allowed = [(x, y) for x in range(-1, 2) for y in range(-3, 4) if abs(x + y) <= 3]
        return sum(bool(wigner_3j(1, 3, 3, x, y, -x - y)) for x, y in allowed)
    return int(np.count_nonzero(coupling_block(kind, 1, 3, 3).to_numpy()))


def test_a_large_block_beyond_machine_integers() -> None:
    block = coupling_block("clebsch_gordan", 24, 23, 22)
    rows = block.to_numpy().reshape(-1, 45)
    assert np.allclose(rows.T @ rows, np.eye(45), atol=1e-14)


@pytest.mark.parametrize("kind", ["6j", "", None])
def test_other_kinds_are_refused(kind: object) -> None:
    with pytest.raises(LabelError, match=r"^kind: .*wigner_3j, clebsch_gordan, gaunt"):
        coupling_block(kind, 1, 1, 1)  # type: ignore[arg-type]


def test_halves_are_for_the_complex_basis_and_not_for_gaunt() -> None:
    assert coupling_block("clebsch_gordan", 0.5, 0.5, 1, "complex").nnz == 4
    for kind, basis in [("clebsch_gordan", "real"), ("gaunt", "complex"), ("gaunt", "real")]:
        with pytest.raises(LabelError, match=r"^l1: "):
            coupling_block(kind, 0.5, 0.5, 1, basis)  # type: ignore[arg-type]
