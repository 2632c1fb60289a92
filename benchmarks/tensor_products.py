"""The full Clebsch-Gordan product against e3nn's and e3nn-jax's, in one run.

    pip install ".[bench]"
    python benchmarks/tensor_products.py [--threads 1] [--dtype float32] [--turns 5] [--lmax 2 4 6]

Inputs one copy of each degree 0..L, every path. Every contender gets its own kind of array, made beforehand,
allocates its own result and uses the same number of threads.
"""

from __future__ import annotations

from processors import against_peers, use_threads

parser = against_peers("The full Clebsch-Gordan product against e3nn and e3nn-jax.")
parser.add_argument("--lmax", type=int, nargs="*", default=[2, 4, 6])
options = parser.parse_args()
use_threads(options.threads)

from typing import Any  # noqa: E402

import e3nn_jax  # noqa: E402
import jax  # noqa: E402
from e3nn import o3  # noqa: E402
from e3nn.util.jit import script  # noqa: E402
from peers import Run, jax_calls, our_calls, torch_calls  # noqa: E402

import reptheory as rt  # noqa: E402

jax.config.update("jax_enable_x64", options.dtype == "float64")


def full(run: Run, lmax: int) -> None:
    """Compare products of degrees 0..lmax, parity (-1)^l."""
    irreps = "+".join(f"1x{degree}{'eo'[degree % 2]}" for degree in range(lmax + 1))
    batch = options.batch
    ours = rt.FullTensorProduct(irreps, irreps, threads=options.threads)
    given = run.samples(batch, ours.dim1), run.samples(batch, ours.dim2)
    grad = run.samples(batch, ours.dim_out)

    def theirs(x: Any, y: Any) -> Any:
        return e3nn_jax.tensor_product(*(e3nn_jax.IrrepsArray(irreps, one) for one in (x, y))).array

    calls = {
        "reptheory": our_calls(ours, given, grad),
        "e3nn scripted": torch_calls(script(o3.FullTensorProduct(irreps, irreps)), given, grad),
        "e3nn": torch_calls(o3.FullTensorProduct(irreps, irreps), given, grad),
        "e3nn-jax jit": jax_calls(theirs, given, grad),
    }
    sizes = sum(array.nbytes for array in given), grad.nbytes
    run.report(f"full Clebsch-Gordan, L = {lmax}", calls, batch, 2 * batch * ours.cost, sizes)


if __name__ == "__main__":
    current = Run(options)
    for lmax in options.lmax:
        full(current, lmax)
