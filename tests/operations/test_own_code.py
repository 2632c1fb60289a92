"""Products with machine code of their own run theirs, whatever was compiled in between."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numba import config

from reptheory.kernels import jit
from reptheory.kernels.copywise import copy_product
from reptheory.kernels.simd.unrolled import unrolled
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct
from reptheory.operations.tensor_product import TensorProduct

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")


@pytest.fixture(autouse=True)
def _compiled_here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Neither a folder nor an earlier test has code for these."""
    monkeypatch.setenv("REPTHEORY_CODE_CACHE", "")
    for cached in (jit.code_folder, copy_product, unrolled):
        cached.cache_clear()
    yield
    jit.code_folder.cache_clear()


@pytest.mark.parametrize(
    "steps",
    [
        [("32x0o", "32x1o", "32x1e", "mul_ir"), ("32x1o", "32x1o", "32x0e", "mul_ir")],
        [("16x0o", "16x1o", "16x1e", "ir_mul"), ("16x1o", "16x1o", "16x0e", "ir_mul")],
    ],
    ids=["another layout", "another number of copies"],
)
def test_code_copy_by_copy(steps: list[tuple[str, str, str, str]]) -> None:
    """A code is compiled again where samples have the form of tiles, after that of another product."""
    last = tuple(irreps.replace("32x", "64x").replace("16x", "64x") for irreps in steps[0][:3])
    rng = np.random.default_rng(0)
    for one, two, out, layout in [*steps, (*last, "ir_mul")]:
        product = TensorProduct(one, two, out, [(0, 0, 0, "uuu", True)], layout=layout)
        dims = product.dim1, product.dim2
        x, y = (rng.standard_normal((3, dim)).astype(np.float32) for dim in dims)
        weight = rng.standard_normal(product.weight_numel).astype(np.float32)
        assert product.certificate(x, y, weight, product(x, y, weight)).max() < 1e-5


def test_unrolled_code_that_was_forgotten() -> None:
    """As after 64 other patterns."""
    rng = np.random.default_rng(1)
    for degrees in ((1, 1, 2), (1, 0, 1), (1, 1, 2)):
        product = GauntTensorProduct(*degrees, "unrolled")
        x, y = (rng.standard_normal((20, dim)) for dim in (product.dim1, product.dim2))
        assert product.certificate(x, y, product(x, y)).max() < 1e-14
        if degrees == (1, 0, 1):
            unrolled.cache_clear()
