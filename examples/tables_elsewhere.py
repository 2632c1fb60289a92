"""Exact tables in code that is not ours: a plain NumPy product, checked by a certificate.

A table is columns of integers and correctly rounded floats. Any program can use them; here six lines of NumPy
compute a Gaunt product from them. The certificate then bounds the error of that result, whoever computed it.

    python examples/tables_elsewhere.py
"""

import tempfile
from pathlib import Path

import numpy as np

import reptheory as rt

LMAX = 3


def by_hand(x: np.ndarray, y: np.ndarray, table: rt.Table) -> np.ndarray:
    """z[l3 m3] = sum G x[l1 m1] y[l2 m2], term by term; coefficient (l, m) stands at l*l + l + m."""
    l1, l2, l3, m1, m2, m3 = table.index.astype(np.intp).T
    terms = table.values(np.float64) * x[:, l1 * l1 + l1 + m1] * y[:, l2 * l2 + l2 + m2]
    z = np.zeros((len(x), (2 * LMAX + 1) ** 2))
    np.add.at(z, (slice(None), l3 * l3 + l3 + m3), terms)
    return z


def main() -> None:
    """Save and read a table, use it, and certify the result; show that a wrong result does not pass."""
    with tempfile.TemporaryDirectory() as folder:
        path = rt.load_table("gaunt", LMAX).save(Path(folder) / "gaunt.npz")
        table = rt.read_table(path)  # believes nothing that the file does not prove
    row = table.lookup(1, 1, 2, 0, 0, 0)
    print(f"{table.key}: {len(table)} nonzero values")
    print(f"(1 0)(1 0) -> (2 0): sqrt({row.numerator}/{row.denominator} pi^{row.pi_power}) = {row.float64}")

    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((2, 100, (LMAX + 1) ** 2))
    z = by_hand(x, y, table)
    product = rt.GauntTensorProduct(LMAX)
    error = product.certificate(x, y, z)
    print(f"product by hand: values up to {np.abs(z).max():.2f}, proven error at most {error.max():.1e}")

    z[17, 4] += 1e-13
    caught = np.argwhere(product.certificate(x, y, z) > 20 * error.max()).tolist()
    print(f"after 1e-13 is added to one value, the certificate stands out at {caught}")
    if caught != [[17, 4]]:
        raise SystemExit("the changed value was not found")


if __name__ == "__main__":
    main()
