"""Arb: enclosures of pi that hold, and a process-wide precision that is put back."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import flint
import pytest
from oracle import PI, precise_root

from reptheory.errors import LabelError
from reptheory.exact.arb import pi_enclosure, pi_power_bounds, sqrt_ball, working_precision
from reptheory.exact.complex_surds import ComplexSurd
from reptheory.exact.euler_angles import wigner_d_euler
from reptheory.exact.half_angles import wigner_d_polynomial
from reptheory.exact.surd import Surd


@pytest.mark.parametrize("bits", [1, 4, 64, 128, 200, 1000])
def test_pi_lies_between(bits: int) -> None:
    low, high = pi_enclosure(bits)
    assert Fraction(low, 2**bits) < Fraction(PI) + Fraction(1, 10**310)
    assert Fraction(PI) < Fraction(high, 2**bits)
    assert 1 <= high - low <= 2


@pytest.mark.parametrize("power", [-3, -1, 0, 1, 2])
def test_powers_of_pi_lie_between(power: int) -> None:
    low, high = (Fraction(*bound) for bound in pi_power_bounds(power, 128))
    exact = Fraction(PI) ** power
    assert low <= exact <= high
    assert high - low < exact / 2**120


def test_precision_is_put_back_also_after_an_error() -> None:
    before = flint.ctx.prec
    with pytest.raises(RuntimeError), working_precision(before + 77):  # noqa: PT012
        assert flint.ctx.prec == before + 77
        raise RuntimeError
    assert flint.ctx.prec == before


def test_another_precision_in_the_process_does_no_harm() -> None:
    before = flint.ctx.prec
    try:
        flint.ctx.prec = 2
        pi_enclosure.cache_clear()
        pi_power_bounds.cache_clear()
        assert float(Surd.sqrt(1, pi_power=2)) == 3.141592653589793
        assert flint.ctx.prec == 2
    finally:
        flint.ctx.prec = before


def test_threads_agree() -> None:
    surds = [Surd.sqrt(Fraction(n, 7), pi_power=-1) for n in range(1, 200)]
    expected = [float(precise_root(surd.radicand, -1)) for surd in surds]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(float, surds)) == expected
        balls = list(pool.map(lambda surd: surd.to_arb(300), surds))
    assert all(ball.rel_accuracy_bits() > 290 for ball in balls)


def test_balls_hold_the_value() -> None:
    ball = sqrt_ball(2, 15, -1, 256)
    exact = precise_root(Fraction(2, 15), -1)
    with working_precision(1200):
        difference = ball - flint.arb(flint.fmpq(*exact.as_integer_ratio()))
        assert abs(difference) < flint.arb(2) ** -250
    assert (Surd.sqrt(Fraction(-9, 4))).to_arb(64) == flint.acb(0, 1.5)
    assert Surd.rational(-3).to_arb() == -3


FORK = """
import os, sys, threading, time
import flint
from reptheory.exact.arb import working_precision

inside, done = threading.Event(), threading.Event()

def hold():
    with working_precision(777):
        inside.set()
        done.wait(30)

threading.Thread(target=hold, daemon=True).start()
inside.wait()
child = os.fork()
if child == 0:
    ok = flint.ctx.prec == 53
    with working_precision(100):
        ok = ok and flint.ctx.prec == 100
    os._exit(0 if ok and flint.ctx.prec == 53 else 3)
until = time.monotonic() + 20
while time.monotonic() < until:
    finished, status = os.waitpid(child, os.WNOHANG)
    if finished:
        done.set()
        sys.exit(os.waitstatus_to_exitcode(status))
    time.sleep(0.01)
os.kill(child, 9)
sys.exit("the child waits for a lock that nobody holds")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_child_forked_inside_a_precision_has_a_free_lock_and_the_outer_precision() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


BAD_BITS = [0, -5, 10**9, 10**5000, 2.5, True, "10", None]


@pytest.mark.parametrize("bad", BAD_BITS, ids=lambda bad: type(bad).__name__)
def test_impossible_precisions_are_refused(bad: object) -> None:
    calls = (
        lambda: Surd.sqrt(2).to_arb(bad),  # type: ignore[arg-type]
        lambda: ComplexSurd.of(Surd.sqrt(2)).to_arb(bad),  # type: ignore[arg-type]
        lambda: wigner_d_polynomial(1, 0, 0).to_arb(1, bad),  # type: ignore[arg-type]
        lambda: wigner_d_euler(1)[1, 1].to_arb(0, 1, 0, bad),  # type: ignore[arg-type]
    )
    for call in calls:
        with pytest.raises(LabelError, match=r"^prec: got .* bits from 1 to 10000000"):
            call()
