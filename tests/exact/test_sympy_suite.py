"""SymPy's own tests of physics.wigner and physics.quantum.cg, with our functions in place of SymPy's.

The tests come from the installed SymPy. Ours differ from SymPy's functions in three ways, which `stand_in`
bridges: they return a Surd, take no `prec`, and raise LabelError for labels that no symbol has (l = -2,
|m| > j), where SymPy returns 0. SymPy's `wigner_d` is our D of the three negative angles with m descending
(`rotation`).
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType
from typing import Any

import pytest
import sympy
from sympy.physics import wigner
from sympy.physics.quantum import cg
from sympy.physics.quantum.tests import test_cg
from sympy.physics.tests import test_clebsch_gordan

import reptheory
from reptheory.errors import LabelError
from reptheory.exact.surd import Surd
from reptheory.groups.labels import two_label

REPLACED = ("clebsch_gordan", "gaunt", "racah", "real_gaunt", "wigner_3j", "wigner_6j", "wigner_9j")

CALLED: dict[str, set[str]] = {
    "test_clebsch_gordan_docs": {"clebsch_gordan"},
    "test_clebsch_gordan": {"clebsch_gordan"},
    "test_clebsch_gordan_numpy": {"clebsch_gordan", "wigner_3j"},
    "test_wigner": {"wigner_6j", "wigner_9j"},
    "test_gaunt": {"gaunt", "wigner_3j"},
    "test_realgaunt": {"real_gaunt"},
    "test_racah": {"racah"},
    "test_wigner_d": {"wigner_d", "wigner_d_small"},
    "test_dot_rota_grad_SH": {"wigner_3j"},
    "test_cg_simp_add": set(),  # rewrites symbols and evaluates none
    "test_cg_simp_sum": set(),
    "test_doit": {"clebsch_gordan", "wigner_3j", "wigner_6j", "wigner_9j"},
}
"""Which of our functions each test must have called: the replacement is real."""


def sympys(module: ModuleType) -> list[str]:
    return [
        name for name, value in vars(module).items() if name.startswith("test_") and inspect.isfunction(value)
    ]


def stand_in(name: str, calls: Counter[str]) -> Callable[..., Any]:
    """Return our function `name` with the signature and the zeros of SymPy's."""
    ours = getattr(reptheory, name)

    @lru_cache(maxsize=2**14, typed=True)
    def sympified(*labels: object) -> Any:
        try:
            value: Surd = ours(*labels)
        except LabelError:
            for label in labels:
                two_label(label, name)  # raises for what is no number of halves, as SymPy does
            return sympy.S.Zero
        return value.to_sympy()

    def call(*labels: object, prec: int | None = None) -> Any:
        calls[name] += 1
        value = sympified(*labels)
        return value if prec is None else value.evalf(prec)

    return call


def rotation(calls: Counter[str]) -> dict[str, Callable[..., Any]]:
    """Return SymPy's two functions of angles, made of ours."""

    def wigner_d(j: Any, alpha: Any, beta: Any, gamma: Any) -> Any:
        calls["wigner_d"] += 1
        angles = (-sympy.sympify(angle) for angle in (alpha, beta, gamma))
        return reptheory.wigner_d_euler(j).to_sympy(*angles)[::-1, ::-1]

    def wigner_d_small(j: Any, beta: Any) -> Any:
        calls["wigner_d_small"] += 1
        return reptheory.wigner_d_euler(j).to_sympy(0, -sympy.sympify(beta), 0)[::-1, ::-1]

    return {"wigner_d": wigner_d, "wigner_d_small": wigner_d_small}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Put our functions in place of SymPy's wherever its tests find them; count the calls."""
    counted: Counter[str] = Counter()
    replacements = {name: stand_in(name, counted) for name in REPLACED} | rotation(counted)
    for name, function in replacements.items():
        for module in (wigner, cg, test_clebsch_gordan, test_cg):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, function)
    return counted


@pytest.mark.parametrize("name", sympys(test_clebsch_gordan))
def test_sympys_tests_of_wigner(name: str, calls: Counter[str]) -> None:
    run(test_clebsch_gordan, name, calls)


@pytest.mark.parametrize("name", sympys(test_cg))
def test_sympys_tests_of_quantum_cg(name: str, calls: Counter[str]) -> None:
    run(test_cg, name, calls)


def run(module: ModuleType, name: str, calls: Counter[str]) -> None:
    getattr(module, name)()
    assert set(calls) == CALLED[name]
