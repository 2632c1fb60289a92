"""Records e3x's FusedTensor, for test_e3x.py.

pip install e3x
python tests/operations/record_e3x.py
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

FEATURES = 2
CASES = [(2, 2, 2, 1), (2, 2, 4, 1), (3, 2, 3, 2), (1, 2, 1, 2)]
"""Highest degrees of x, y and z, and the parities that x and y have."""


def case(degrees: tuple[int, int, int], parities: int, rng: Any) -> dict[str, Any]:
    """Ask e3x with weights and operands of two decimals."""
    import e3x
    import jax

    fused = e3x.nn.FusedTensor(max_degree=degrees[2], cartesian_order=False, param_dtype=np.float64)
    x, y = (
        np.round(rng.standard_normal((parities, (degree + 1) ** 2, FEATURES)), 2) for degree in degrees[:2]
    )
    drawn = fused.init(jax.random.PRNGKey(0), x, y)["params"]
    kernels = {name: np.round(rng.standard_normal(one.shape), 2) for name, one in sorted(drawn.items())}
    arrays = {"x": x, "y": y, **kernels, "z": np.asarray(fused.apply({"params": kernels}, x, y))}
    return {name: array.tolist() for name, array in arrays.items()}


def main() -> None:
    import jax

    jax.config.update("jax_enable_x64", True)
    rng = np.random.default_rng(0)
    path = Path(__file__).with_name("recorded") / f"e3x-fused-{version('e3x')}.json"
    path.write_text(json.dumps([case(one[:3], one[3], rng) for one in CASES]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
