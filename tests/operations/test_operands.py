"""Arrays of every kind through every operation: the right numbers, or an error that names the array."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from array_layouts import LAYOUTS, backwards, read_only, spread, unaligned
from exact_bilinear import reference_of

import reptheory as rt
from reptheory.errors import LabelError, OperandError, TooLarge
from reptheory.kernels import coupling, matrices, rings
from reptheory.operations import operands as operands_module
from reptheory.operations.bilinear import BilinearProduct
from reptheory.operations.full_tensor_product import FullTensorProduct
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct
from reptheory.operations.matrix_product import MatrixProduct
from reptheory.operations.vector_spherical_product import VectorSphericalProduct

Array = Any

PRODUCTS: dict[str, BilinearProduct] = {
    "table": GauntTensorProduct(2, 3, 4, "table"),
    "grid": GauntTensorProduct(2, 3, 4, "grid"),
    "fourier": GauntTensorProduct(2, 3, 4, "fourier"),
    "wide": GauntTensorProduct(2, 3, 4, "grid", accumulate="float64"),
    "full": FullTensorProduct("2x0e+1x1o+1x2e", "1x0o+3x1o"),
    "full by vectors": FullTensorProduct("1x0e+1x1o", "2x1o", method="vector"),
    "vectors": VectorSphericalProduct("cross", 1, 2, 2, "grid"),
    "vectors by table": VectorSphericalProduct("dot", 1, 2, 2, "table"),
    "matrix": MatrixProduct("1x0e+1x1o", "2x1e", "1x0e+1x1o"),
    "matrix by table": MatrixProduct("1x0e+1x1o", "2x1e", "1x0e+1x1o", "table"),
}


@pytest.fixture(params=sorted(PRODUCTS))
def product(request: pytest.FixtureRequest) -> BilinearProduct:
    return PRODUCTS[request.param]


def pair(
    product: BilinearProduct, *leading: int, dtype: str = "float64", seed: int = 0
) -> tuple[Array, Array]:
    """Draw operands of small integers over 8: exact in every float type, so copies must agree bit by bit."""
    rng = np.random.default_rng(seed)
    x, y = (rng.integers(-40, 41, (*leading, dim)) / 8 for dim in (product.dim1, product.dim2))
    return x.astype(dtype), y.astype(dtype)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_layout_does_not_change_a_bit(product: BilinearProduct, layout: str, dtype: str) -> None:
    x, y = pair(product, 7, dtype=dtype)
    expected = product(x, y)
    kept = x.copy(), y.copy()
    change = LAYOUTS[layout]
    left, right = change(x), change(y)
    z = product(left, right)
    if layout == "list":
        expected = product(x.astype(np.float64), y.astype(np.float64))
    assert type(z) is np.ndarray
    assert z.dtype == expected.dtype
    assert z.flags.c_contiguous
    assert np.array_equal(z, expected)
    assert np.array_equal(left, kept[0])
    assert np.array_equal(right, kept[1])


@pytest.mark.parametrize("narrow", ["float16", "float32", "int8", "uint8", "int16", "int64", "uint64"])
def test_exact_conversions(product: BilinearProduct, narrow: str) -> None:
    """Narrow floats go to float32, integers to float64; no number changes on the way."""
    rng = np.random.default_rng(1)
    low = 0 if narrow.startswith("u") else -120
    x, y = (rng.integers(low, 120, (5, dim)).astype(narrow) for dim in (product.dim1, product.dim2))
    wide = np.float32 if narrow.startswith("float") else np.float64
    z = product(x, y)
    assert z.dtype == wide
    assert np.array_equal(z, product(x.astype(wide), y.astype(wide)))


def test_the_wider_dtype_decides(product: BilinearProduct) -> None:
    x, y = pair(product, 5)
    expected = product(x, y)
    for left, right in ((x.astype(np.float32), y), (x, y.astype(np.float32)), (x.astype(np.float16), y)):
        z = product(left, right)
        assert z.dtype == np.float64
        assert np.array_equal(z, expected)


REFUSED: dict[str, Callable[[Array], Any]] = {
    "bool": lambda array: array > 0,
    "complex": lambda array: array.astype(complex),
    "longdouble": lambda array: array.astype(np.longdouble),
    "object": lambda array: array.astype(object),
    "strings": lambda array: array.astype(str),
    "dates": lambda array: array.astype("datetime64[s]"),
    "masked": lambda array: np.ma.masked_less(array, 0),
    "ragged list": lambda array: [*array.tolist(), [1.0]],
    "None": lambda _: None,
    "a dict": lambda _: {"x": 1},
    "structured": lambda array: np.zeros(array.shape, dtype=[("a", float)]),
    "too short": lambda array: array[:, :-1],
    "too long": lambda array: np.hstack([array, array]),
    "a scalar": lambda _: 1.5,
    "one number": lambda array: array[:, :1],
    "empty last axis": lambda array: array[:, :0],
    "huge integers": lambda array: np.full(array.shape, 2**53 + 1),
    "huge unsigned": lambda array: np.full(array.shape, 2**64 - 1, dtype=np.uint64),
    "int too large": lambda array: np.full(array.shape, 2**70, dtype=object).tolist(),
}


@pytest.mark.parametrize("fault", sorted(REFUSED))
@pytest.mark.parametrize("name", ["x", "y"])
def test_refused_by_name(product: BilinearProduct, fault: str, name: str) -> None:
    x, y = pair(product, 4)
    x, y = (REFUSED[fault](x), y) if name == "x" else (x, REFUSED[fault](y))
    for call in (product, lambda x, y: product.certificate(x, y, np.zeros((4, product.dim_out)))):
        with pytest.raises(OperandError) as caught:
            call(x, y)
        message = str(caught.value)
        assert message.startswith(f"{name}:")
        assert "\n" not in message
        assert ";" in message, "the message says how to go on"


LEADING: list[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = [
    ((), (), ()),
    ((1,), (1,), (1,)),
    ((3,), (), (3,)),
    ((), (4,), (4,)),
    ((5, 1), (1, 4), (5, 4)),
    ((2, 1, 3), (4, 1), (2, 4, 3)),
    ((0,), (0,), (0,)),
    ((0,), (1,), (0,)),
    ((3, 0), (0,), (3, 0)),
    ((0, 5), (), (0, 5)),
]


@pytest.mark.parametrize(("left", "right", "both"), LEADING)
def test_leading_axes_broadcast(
    product: BilinearProduct, left: tuple[int, ...], right: tuple[int, ...], both: tuple[int, ...]
) -> None:
    x, y = pair(product, *left, seed=1)[0], pair(product, *right, seed=2)[1]
    z, bound = product(x, y, with_bound=True)
    assert z.shape == bound.shape == (*both, product.dim_out)
    assert bound.dtype == np.float64
    assert product.certificate(x, y, z).shape == z.shape
    everywhere = np.broadcast_to(x, (*both, product.dim1)), np.broadcast_to(y, (*both, product.dim2))
    for place in np.ndindex(both):
        assert np.array_equal(z[place], product(everywhere[0][place], everywhere[1][place]))


def test_leading_axes_that_do_not_broadcast(product: BilinearProduct) -> None:
    x, y = pair(product, 3)[0], pair(product, 4)[1]
    with pytest.raises(OperandError, match=r"x, y: leading axes \(3,\) and \(4,\) do not broadcast; "):
        product(x, y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_out(product: BilinearProduct, dtype: str) -> None:
    """Direct, strided, reversed, unaligned and overlapping outputs receive the same bits."""
    x, y = pair(product, 6, dtype=dtype)
    expected = product(x, y)
    direct = np.full_like(expected, np.nan)
    outs = [direct, spread(direct), backwards(direct), unaligned(direct), np.asfortranarray(direct)]
    for out in outs:
        returned = product(x, y, out=out)
        assert returned is out
        assert np.array_equal(out, expected)
    returned, bound = product(x, y, out=direct, with_bound=True)
    assert returned is direct
    assert np.array_equal(bound, product(x, y, with_bound=True)[1])


def test_out_may_overlap_the_operands(product: BilinearProduct) -> None:
    x, y = pair(product, 150)  # several tiles: one is written before the next is read
    expected = product(x, y)
    for shift in (0, 1, 7, 500):
        size = 2 * max(expected.size, x.size, y.size) + 500
        for name in ("x", "y"):
            store = np.zeros(size)
            operand = x if name == "x" else y
            inside = store[: operand.size].reshape(operand.shape)
            inside[...] = operand
            out = store[shift : shift + expected.size].reshape(expected.shape)
            product(*((inside, y) if name == "x" else (x, inside)), out=out)
            assert np.array_equal(out, expected)


def test_out_is_one_of_the_operands() -> None:
    """Where the shapes agree an operand may be overwritten whole, even both at once."""
    for method in ("table", "grid", "fourier"):
        product = GauntTensorProduct(2, 2, 2, method)  # type: ignore[arg-type]
        x = pair(product, 150)[0]
        expected = product(x, x)
        square = x.copy()
        assert product(square, square, out=square) is square
        assert np.array_equal(square, expected)
        reverse = x.copy()
        product(reverse, reverse, out=reverse[::-1])
        assert np.array_equal(reverse[::-1], expected)


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda out: out[:-1], "the result is float64"),
        (lambda out: out[:, :-1], "the result is float64"),
        (lambda out: out.astype(np.float32), "the result is float64"),
        (lambda out: out.astype(">f8"), "the result is float64"),
        (lambda out: out.tolist(), "pass a NumPy array"),
        (lambda out: np.ma.masked_less(out, 0), "pass a NumPy array"),
        (read_only, "read-only"),
    ],
)
def test_out_refused(product: BilinearProduct, spoil: Callable[[Array], Any], rule: str) -> None:
    x, y = pair(product, 3)
    out = spoil(np.zeros((3, product.dim_out)))
    with pytest.raises(OperandError, match=rf"^out: .*{rule}"):
        product(x, y, out=out)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda z: z[:-1],
        lambda z: z[:, :-1],
        lambda z: z.astype(complex),
        lambda z: z.astype(int),
        lambda z: z.astype(np.longdouble),
        lambda z: np.ma.masked_less(z, 0),
        lambda _: None,
    ],
)
def test_certificate_refuses_what_is_no_result(
    product: BilinearProduct, spoil: Callable[[Array], Any]
) -> None:
    x, y = pair(product, 3)
    with pytest.raises(OperandError, match=r"^z: "):
        product.certificate(x, y, spoil(product(x, y)))


@pytest.mark.parametrize("layout", sorted(set(LAYOUTS) - {"matrix"}))
def test_certificate_of_every_layout(product: BilinearProduct, layout: str) -> None:
    x, y = pair(product, 3)
    z = product(x, y)
    certificate = product.certificate(x, y, LAYOUTS[layout](z))
    assert np.array_equal(certificate, product.certificate(x, y, z))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [1, 15, 16, 17, 33, 64, 65])
def test_bad_rows_touch_no_other_row(product: BilinearProduct, dtype: str, batch: int) -> None:
    """NaN, infinities and overflow stay in their samples, bit by bit, wherever they stand in a tile."""
    x, y = pair(product, batch, dtype=dtype)
    expected = product(x, y)
    rng = np.random.default_rng(batch)
    bad = rng.random(batch) < 0.4
    for value in (np.nan, np.inf, -np.inf, np.finfo(dtype).max):
        left, right = x.copy(), y.copy()
        left[bad], right[bad] = value, value
        z = product(left, right)
        assert np.array_equal(z[~bad], expected[~bad])
        if np.isnan(value):
            assert np.isnan(z[bad]).all()


def test_zero_vectors_give_zeros(product: BilinearProduct) -> None:
    x, y = pair(product, 3)
    z, bound = product(0 * x, y, with_bound=True)
    assert not z.any()
    assert (bound < 1e-300).all()
    reference = reference_of(product)
    assert not reference.violations(0 * x, y, z, bound)


def test_many_dtypes_and_layouts_compile_nothing_new(product: BilinearProduct) -> None:
    """Whatever comes in, kernels see flat arrays of two dtypes."""

    def calls() -> None:
        for dtype in ("float16", "float32", "float64", ">f4", ">f8", "int8", "uint64"):
            for change in (np.asarray, spread, unaligned, np.asfortranarray, read_only, np.array):
                x, y = (np.abs(operand).astype(np.uint8).astype(dtype) for operand in pair(product, 3))
                if change is unaligned and x.itemsize == 1:
                    continue
                product(change(x), change(y))
                product(change(x)[:1, None], change(y)[0])

    calls()
    kernels = [coupling.couple, rings.ring_product, matrices.matrix_product]
    before = [len(getattr(kernel, "signatures", ())) for kernel in kernels]
    calls()
    assert [len(getattr(kernel, "signatures", ())) for kernel in kernels] == before
    assert max(before) <= 6


@pytest.mark.parametrize("threads", [0, -1, True, 1.0, "2", np.float64(2), []])
def test_threads_refused(threads: Any) -> None:
    for make in (
        lambda: GauntTensorProduct(1, threads=threads),
        lambda: FullTensorProduct("1o", "1o", threads=threads),
    ):
        with pytest.raises(OperandError, match=r"^threads: got "):
            make()


@pytest.mark.parametrize("accumulate", ["float32", "double", True, 64, np.float64, []])
def test_accumulate_refused(accumulate: Any) -> None:
    with pytest.raises(OperandError, match=r"^accumulate: got "):
        GauntTensorProduct(1, accumulate=accumulate)
    with pytest.raises(OperandError, match=r"^accumulate: got "):
        FullTensorProduct("1o", "1o", accumulate=accumulate)


@pytest.mark.parametrize(
    "arguments",
    [
        {"lmax1": -1},
        {"lmax1": 1.5},
        {"lmax1": True},
        {"lmax1": "2"},
        {"lmax1": None},
        {"lmax1": float("nan")},
        {"lmax1": 2, "lmax2": -1},
        {"lmax1": 2, "lmax2": 0.5},
        {"lmax1": 2, "lmax_out": 5},
        {"lmax1": 2, "lmax2": 1, "lmax_out": 4},
        {"lmax1": 2, "lmax_out": -1},
        {"lmax1": 2, "lmax_out": 1j},
        {"lmax1": 2, "method": "fft"},
        {"lmax1": 2, "method": None},
        {"lmax1": 2, "method": ["grid"]},
    ],
)
def test_degrees_and_methods_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(LabelError) as caught:
        GauntTensorProduct(**arguments)
    assert str(caught.value).split(":")[0] in ("lmax1", "lmax2", "lmax_out", "method")


HUGE: dict[str, Callable[[int], Any]] = {
    "Gaunt": GauntTensorProduct,
    "Gaunt on a grid": lambda n: GauntTensorProduct(1, n, 1, "grid"),
    "interaction": lambda n: rt.GauntInteraction(n, 1, 1),
    "convolution": lambda n: rt.GauntConvolution(1, n, 1),
    "many-body": lambda n: rt.GauntManyBody([1, n], 1),
    "harmonics": rt.SphericalHarmonics,
    "points": rt.PointExpansion,
    "to grid": lambda n: rt.ToGrid(n, rt.SphereGrid(n)),
    "from grid": lambda n: rt.FromGrid(n, rt.SphereGrid(n)),
    "activation": lambda n: rt.SphereActivation(n, "silu"),
    "sphere function": lambda n: rt.SphereFunction((n,), np.negative, None),
    "full": lambda n: FullTensorProduct(f"1x{n}e", f"2x{n}o"),
    "spins": lambda n: rt.SpinTensorProduct(f"{n}", f"{n}/2"),
    "matrices": lambda n: MatrixProduct(f"1x{n}e"),
    "copy by copy": lambda n: rt.ElementwiseTensorProduct(f"3x{n}e", f"3x{n}e"),
    "blocks": lambda n: rt.blocks_from_irreps(np.zeros(1), f"{n}e", f"{n}e"),
}


@pytest.mark.parametrize("make", HUGE.values(), ids=HUGE)
@pytest.mark.parametrize("degree", [2**31, 2**64])
def test_degrees_beyond_any_memory_are_refused_at_once(make: Callable[[int], Any], degree: int) -> None:
    """No list of degrees or paths is begun: one would take hours, then all memory."""
    with pytest.raises((LabelError, TooLarge), match=r"got |the limit is"):
        make(degree)


@pytest.mark.parametrize("method", ["table", "grid", "fourier"])
@pytest.mark.parametrize("lmax", [2000, 10**5])
def test_a_product_that_does_not_fit_is_refused_at_once(method: Any, lmax: int) -> None:
    product = GauntTensorProduct(lmax, method=method)
    with pytest.raises(TooLarge, match=r"lmax: .* need .*; choose"):
        product(np.zeros((0, product.dim1)), np.zeros((0, product.dim2)))


@pytest.mark.parametrize("shapes", [((1 << 30, 1), (1 << 29,)), ((1 << 20, 1), (1 << 21,)), ((1 << 40,), ())])
def test_arrays_that_do_not_fit_are_refused_with_their_sizes(product: BilinearProduct, shapes: Any) -> None:
    """Results and repeated operands, also those that the system would promise, and then not have."""
    x, y = (
        np.broadcast_to(np.float32(1), (*shape, dim))
        for shape, dim in zip(shapes, (product.dim1, product.dim2), strict=True)
    )
    with pytest.raises(TooLarge, match=r"an operand: .* numbers of float32 may need .* at a time"):
        product(x, y)
    with pytest.raises(TooLarge, match=r"the result: \[.*\] numbers of float32 may need .* at a time"):
        operands_module.allocate(None, (1 << 40, product.dim_out), np.float32, ())


@pytest.mark.parametrize("remake", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_and_pickles(product: BilinearProduct, remake: Callable[[Any], BilinearProduct]) -> None:
    """Before and after first use: what another process receives computes the same bits."""
    x, y = pair(product, 5)
    expected = product(x, y)
    other = remake(product)
    assert repr(other) == repr(product)
    assert np.array_equal(other(x, y), expected)
    assert np.array_equal(product(x, y), expected)


def test_two_threads_at_once(product: BilinearProduct) -> None:
    """Callers from several threads, each with a product that itself uses two."""
    product.threads = 2
    x, y = pair(product, 400)
    expected = product(x, y)
    with ThreadPoolExecutor(4) as callers:
        found = list(callers.map(lambda _: product(x, y), range(20)))
    product.threads = None
    assert all(np.array_equal(one, expected) for one in found)
