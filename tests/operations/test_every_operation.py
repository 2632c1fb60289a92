"""What holds for every operation: threads, processes, what it compiles, empty batches, memory."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import every_operation
import numpy as np
import pytest
from array_layouts import backwards, read_only, spread, unaligned
from every_operation import CASES, OTHERS, Case, _Function, results
from numba import config
from numba.core import event

import reptheory as rt

Array = Any
DTYPES = ("float32", "float64")


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def test_no_operation_is_forgotten() -> None:
    public = {name for name, home in rt._HOME.items() if home.startswith("operations.")}
    tried = {type(one.make(1, None)).__name__ for one in CASES.values()}
    assert public - OTHERS == tried - {"_Function"}


def test_two_threads_at_once(case: Case) -> None:
    """Four callers, each of an operation that itself uses two threads: the same bits."""
    operation, operands = case.draw(200, "float32", 2)
    expected = results(operation, operands)
    with ThreadPoolExecutor(4) as callers:
        every = list(callers.map(lambda _: results(operation, operands), range(12)))
    for found in every:
        assert all(np.array_equal(*pair) for pair in zip(found, expected, strict=True))


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="this system does not fork")
@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="one process of plain twins takes long enough")
def test_forked_and_spawned_processes_compute_the_same() -> None:
    """After threads have run: a fork has none of them, a spawned process loads everything anew."""
    script = Path(every_operation.__file__)
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    hashes = done.stdout.split()
    assert len(hashes) == 3
    assert len(set(hashes)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs mprotect")
@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="NumPy reads nothing beyond its arrays")
def test_nothing_beyond_operands_and_results_is_touched() -> None:
    """Pages that nobody may read stand at either end; a process that touches one ends with its signal."""
    script = Path(every_operation.__file__).with_name("guarded_memory.py")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=300, check=False
    )
    said = done.stdout.splitlines()
    assert done.returncode == 0, f"{said[-1:]} {done.stderr}"
    assert said[-1] == "done"


LAYOUTS = (
    np.asfortranarray,
    lambda array: array.astype(array.dtype.newbyteorder()),
    unaligned,
    lambda array: spread(array) if array.ndim == 2 else array[..., ::1],
    lambda array: backwards(array) if array.ndim == 2 else array,
    read_only,
)


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")
@pytest.mark.parametrize("dtype", DTYPES)
def test_compiles_once_a_dtype(case: Case, dtype: str) -> None:
    """Not once a shape, stride, layout, byte order or number of threads."""
    results(*case.draw(70, dtype))  # also what small operations and large ones compile, if they differ
    results(*case.draw(1, dtype))
    with event.install_recorder("numba:compile") as recorder:
        for samples in (1, 2, 33, 70, 129):
            for threads in (None, 1, 2):
                results(*case.draw(samples, dtype, threads))
        operation, operands = case.draw(5, dtype)
        for change in LAYOUTS:
            results(operation, [change(one) if one.size else one for one in operands])
    assert not recorder.buffer


def test_operands_and_results_say_what_they_are(case: Case) -> None:
    """Dimensions are those of `irreps_...`; the result has them."""
    operation, operands = case.draw(3, "float64")
    if not hasattr(operation, "dim_out"):
        return
    assert operation.irreps_out.dim == operation.dim_out == operation(*operands).shape[-1]
    for irreps, dim in (("irreps_in1", "dim1"), ("irreps_in2", "dim2"), ("irreps_in", "dim_in")):
        if hasattr(operation, dim):
            assert getattr(operation, irreps).dim == getattr(operation, dim)


def test_gradients_come_with_their_bounds_one_an_operand(case: Case) -> None:
    """`backward` returns the gradients, or these and their bounds, whatever the operation."""
    operation, operands = case.draw(3, "float64")
    if not hasattr(operation, "backward"):
        return
    grad = np.ones_like(operation(*operands))
    extra = {"species": None} if isinstance(operation, rt.SymmetricContraction) else {}
    given = [] if isinstance(operation, rt.ToGrid | rt.FromGrid) else operands
    if isinstance(operation, rt.SphereFunction) and operation.slope_lipschitz is None:
        return
    plain = operation.backward(*given, **extra, grad=grad)
    values, bounds = operation.backward(*given, **extra, grad=grad, with_bound=True)
    assert isinstance(plain, tuple) == isinstance(values, tuple) == isinstance(bounds, tuple)
    assert isinstance(plain, tuple) == (len(operands) > 1 or type(operation).__name__ in ANY_NUMBER)
    if len(operands) == 1:
        plain, values, bounds = (plain,), (values,), (bounds,)
    for one, same, bound in zip(plain, values, bounds, strict=True):
        if one is None:
            assert same is bound is None
        else:
            assert one.shape == same.shape == bound.shape
            assert np.allclose(one, same)
            assert (bound >= 0).all()
    for wrong in (grad[:1], grad[..., :-1], grad[0], np.concatenate([grad, grad])):
        if given:
            with pytest.raises(rt.errors.OperandError, match=r"^grad: got shape"):
                operation.backward(*given, **extra, grad=wrong)


@pytest.mark.parametrize("exponent", [-560, 600])
def test_bounds_scale_with_what_the_result_is_linear_in(case: Case, exponent: int) -> None:
    """Powers of two whose squares underflow or overflow: results scale exactly, so bounds must as well."""
    operation, operands = case.draw(3, "float64")
    if not hasattr(operation, "backward") or isinstance(operation, NOT_LINEAR):
        return
    grad = np.random.default_rng(2).standard_normal(operation(*operands).shape)
    plain, scales = _bounded(operation, operands, grad), 0
    for place in range(len(operands) + 1):
        given = [*operands, grad]
        given[place] = np.ldexp(given[place], exponent)
        for (value, bound), (found, limit) in zip(
            plain, _bounded(operation, given[:-1], given[-1]), strict=True
        ):
            if not np.array_equal(found, np.ldexp(value, exponent)):
                continue  # not linear in this operand, or without it
            scales += 1
            assert np.allclose(np.ldexp(limit, -exponent), bound, rtol=1e-3, atol=0)
    assert scales


NOT_LINEAR = rt.SphereActivation, rt.SeparableSphereActivation, rt.SphereFunction, rt.SpinTensorProduct


def _bounded(operation: Any, operands: list[Array], grad: Array) -> list[tuple[Array, Array]]:
    """Return the result of an operation and its gradients, with their bounds."""
    found = every_operation.gradients(operation, operands, grad, with_bound=True)
    values, bounds = found[0] if len(found) == 1 else found  # of one operand
    if not isinstance(values, tuple):
        values, bounds = (values,), (bounds,)
    pairs = [operation(*operands, with_bound=True), *zip(values, bounds, strict=True)]
    return [pair for pair in pairs if pair[0] is not None]


ANY_NUMBER = {"GauntManyBody", "SphereFunction"}
"""Operations that return a tuple of gradients however many operands they have."""


def test_gradients_are_asked_for_by_position_or_by_name(case: Case) -> None:
    operation, operands = case.draw(3, "float64")
    if not hasattr(operation, "backward"):
        return
    grad = np.ones_like(operation(*operands))
    species = [None] if isinstance(operation, rt.SymmetricContraction) else []
    given = [] if isinstance(operation, rt.ToGrid | rt.FromGrid) else [*operands, *species]
    named, behind = operation.backward(*given, grad=grad), operation.backward(*given, grad)
    for one, same in zip(named, behind, strict=True):
        assert one is same is None or np.array_equal(one, same)


UNCERTIFIED = {"SphereFunction", "SphereActivation", "SeparableSphereActivation"}
"""Operations that are no polynomials: docs/proofs/certificate.md says what holds instead."""


def certified(operation: Any, operands: list[Array], z: Array) -> Array:
    """Return the certificate of a result; what an operation can do without is None."""
    missing = [None] if isinstance(operation, rt.SymmetricContraction | rt.Linear) else []
    return operation.certificate(*operands, *missing, z=z)


def test_every_operation_has_certificates_that_see_what_is_wrong(case: Case) -> None:
    """In float64 they stay below the bound, and follow any error to their own size; float32 ones likewise."""
    operation, operands = case.draw(3, "float64")
    name = type(operation).__name__
    assert hasattr(operation, "certificate") == (name not in UNCERTIFIED | {"_Function"})
    if not hasattr(operation, "certificate"):
        return
    z, bound = operation(*operands, with_bound=True)
    tight = certified(operation, operands, z)
    assert tight.shape == z.shape
    assert np.array_equal(tight, certified(case.make(3, 2), operands, z))
    assert (tight <= bound * (1 + 1e-9)).all()
    assert bound.max() < 1e5 * tight.max()
    wrong = z.copy()
    wrong[1] += 2.0**-20
    found = certified(operation, operands, wrong)
    assert np.array_equal(found[::2], tight[::2])
    assert (np.abs(found[1] - 2.0**-20) <= tight[1] + np.abs(wrong[1]) * 2.0**-52).all()
    for exponent in (20, 40):
        moved = z + 2.0**-exponent
        narrow = certified(
            operation, operands, moved.astype("complex64" if z.dtype.kind == "c" else "float32")
        )
        assert (narrow >= 2.0**-exponent / 2 - np.abs(moved) * 2.0**-23).all()
        assert (narrow <= 2.0 * 2.0**-exponent + np.abs(moved) * 2.0**-22 + 2 * bound).all()
    single, bounded = operation(*(one.astype(narrow_type(one)) for one in operands), with_bound=True)
    close = certified(operation, [one.astype(narrow_type(one)) for one in operands], single)
    assert (close <= bounded + 4 * bound.max()).all()


def narrow_type(array: Array) -> str:
    return "complex64" if array.dtype.kind == "c" else "float32"


def test_certificates_of_gradients_stay_below_their_bounds(case: Case) -> None:
    operation, operands = case.draw(3, "float64")
    assert hasattr(operation, "backward_certificate") == hasattr(operation, "certificate")
    if not hasattr(operation, "certificate"):
        return
    z = operation(*operands)
    grad = np.random.default_rng(7).standard_normal(z.shape).astype(z.dtype)
    extra = {"species": None} if isinstance(operation, rt.SymmetricContraction) else {}
    given = [] if isinstance(operation, rt.ToGrid | rt.FromGrid) else operands
    if not given or isinstance(operation, rt.SphericalHarmonics):
        found, bounds = operation.backward(*given, grad, with_bound=True)
        tights = (operation.backward_certificate(*given, grad, found),)
        found, bounds = (found,), (bounds,)
    else:
        found, bounds = operation.backward(*operands, **extra, grad=grad, with_bound=True)
        tights = operation.backward_certificate(*operands, **extra, grad=grad, gradients=found)
        moved = [None if one is None else one + 2.0**-20 for one in found]
        seen = operation.backward_certificate(*operands, **extra, grad=grad, gradients=moved)
        for one, tight, far in zip(found, tights, seen, strict=True):
            if one is not None:
                assert (np.abs(far - 2.0**-20) <= tight + (1 + np.abs(one)) * 2.0**-52).all()
    for one, bound, tight in zip(found, bounds, tights, strict=True):
        assert (one is None) == (tight is None)
        if one is not None:
            assert tight.shape == one.shape
            assert (tight <= bound * (1 + 1e-9) + 1e-30).all()


def test_operations_accumulate_in_float64(case: Case) -> None:
    """float32 results are those of float64, rounded once, and so are gradients."""
    operation, operands = case.draw(3, "float32")
    inner = [getattr(operation, name, None) for name in ("_parts", "_product", "product")]
    own = [one for one in (operation, *inner) if hasattr(one, "accumulate")]
    assert bool(own) == (
        type(operation).__name__ not in UNCERTIFIED | {"_Function", "PointExpansion", "SphericalHarmonics"}
    )
    if not own:
        return
    wide = [one.astype("complex128" if one.dtype.kind == "c" else "float64") for one in operands]
    expected = results(case.make(3, None), wide)
    for one in own:
        one.accumulate = "float64"
    for found, other in zip(results(operation, operands), expected, strict=True):
        assert np.array_equal(found, other.astype(found.dtype))


UNTHREADED = {"integral", "field_from_function", "function_from_field"}
"""What NumPy computes."""


def test_calls_and_constructors_are_alike(case: Case) -> None:
    """Every operation writes to `out` and bounds its errors; `threads` stands where it is made, or called."""
    operation = case.make(1, None)
    function = getattr(operation, "function", None)
    called = inspect.signature(function if isinstance(operation, _Function) else type(operation).__call__)
    assert {"out", "with_bound"} <= set(called.parameters)
    made = called if isinstance(operation, _Function) else inspect.signature(type(operation))
    kinds = {one.kind for one in made.parameters.values()}
    known = "threads" in made.parameters or inspect.Parameter.VAR_KEYWORD in kinds
    assert known or isinstance(operation, rt.MessagePassing) or function.__name__ in UNTHREADED
    if not isinstance(operation, _Function):
        for name in {"method", "accumulate", "threads"} & set(made.parameters):
            by_name = made.parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
            assert by_name == (name != "method"), "a method may stand behind the labels"


@pytest.mark.parametrize("dtype", DTYPES)
def test_results_are_written_to_out(case: Case, dtype: str) -> None:
    """Whatever its layout, also where it overlaps an operand."""
    operation, operands = case.draw(3, dtype)
    expected = operation(*operands)
    shape, size = expected.shape, expected.size
    strided = np.empty((*shape, 2), expected.dtype)[..., 0]
    for out in (np.empty_like(expected), unaligned(expected), strided):
        out[...] = np.nan
        assert operation(*operands, out=out) is out
        assert np.array_equal(out, expected)
    for place, operand in enumerate(operands):
        if operand.dtype == expected.dtype:
            memory = np.empty(size + operand.size, operand.dtype)
            overlapping = memory[size // 2 : size // 2 + operand.size].reshape(operand.shape)
            overlapping[...] = operand
            given = [overlapping if k == place else one for k, one in enumerate(operands)]
            assert np.array_equal(operation(*given, out=memory[:size].reshape(shape)), expected)
    wrong = (expected[:1].copy(), expected.astype(bool), read_only(expected.copy()), expected.tolist())
    for one in wrong:
        with pytest.raises(rt.errors.OperandError, match=r"^out: "):
            operation(*operands, out=one)


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_sample_and_none(case: Case, dtype: str) -> None:
    """A batch of one is the first of many, to rounding; of none has shapes, and gradients of zero."""
    operation, operands = case.draw(0, dtype)
    whole = case.draw(3, dtype)[1]
    for found, other in zip(results(operation, operands), results(*case.draw(3, dtype)), strict=True):
        assert found.dtype == other.dtype
        assert found.ndim == other.ndim
        if len(other) == 3:
            assert found.shape == (0, *other.shape[1:])
        else:
            assert found.shape == other.shape
            assert not found.any()
    if not isinstance(operation, rt.MessagePassing):
        single = [one[:1] if len(one) == 3 else one for one in whole]
        first, many = case.make(1, None)(*single), case.make(3, None)(*whole)
        assert first.shape == many[:1].shape
        assert np.allclose(first, many[:1], rtol=1e-4 if dtype == "float32" else 1e-12, atol=1e-5)


HELD = {
    "Gaunt in float64": 256,  # operands in float64
    "convolution": 160,  # harmonics of all vectors, in float64
    "linear": 4,
    "contraction": 20,  # the order of samples by species
    "messages": 512,  # features of nodes in whole vectors of copies
    "messages of other modes": 512,  # messages and their operands, up to a block of them
    "harmonics": 800,  # them and what they come from, in float64
    "points": 2000,  # harmonics of all points, in float64
    "integral": 64,  # sums over rings
    "function_from_field": 20,  # one degree
}
"""Bytes a sample that operations hold beyond operands and results, as their docstrings say; others none."""


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="plain twins hold whole batches")
def test_memory_beyond_operands_and_results(case: Case, request: pytest.FixtureRequest) -> None:
    def beyond(samples: int) -> int:
        operation, operands = case.draw(samples, "float32", 1)
        size = operation(*operands).nbytes
        tracemalloc.start()
        z = operation(*operands)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        del z
        return peak - size

    held = HELD.get(request.node.callspec.params["case"], 0)
    least, most = beyond(8192), beyond(16384)
    assert most <= least + 8192 * held + 20_000 + least // 10
