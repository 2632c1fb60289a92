"""Two spins 1/2 and an orbital with l = 1: coupled in two ways, with the levels of a spin-orbit interaction.

Twelve product states |m_l> |s1> |s2> are twelve states of good total J. In LS coupling the spins come first:
S = 0 (J = 1) and S = 1 (J = 0, 1, 2). In jj coupling the orbital first takes the first spin: j = 1/2 and
3/2, then J. Both are products of SU(2) irreps. This prints

    the weights of m_l = -1, 0, 1 in |J = 0>, all 1/3,
    how far J^2 is from diagonal, the levels of L . S against Lande's interval rule,
    the overlaps of both couplings for J = 1 against the exact 6j symbols (`recoupling_matrix`),

and a bound, proven, on what rounding did in the last coupling.

    python examples/coupling_angular_momenta.py
"""

import numpy as np

import reptheory as rt

SPIN, ORBIT = np.eye(2), np.eye(3)
SPINS = rt.SpinTensorProduct("1/2", "1/2")
LS = rt.SpinTensorProduct("1", SPINS.irreps_out)
FIRST = rt.SpinTensorProduct("1", "1/2")
JJ = rt.SpinTensorProduct(FIRST.irreps_out, "1/2")


def couplings() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (12, 12) amplitudes of product states in coupled ones, both ways, and the bound of the first."""
    orbit, one, two = ORBIT[:, None, None], SPIN[:, None], SPIN
    ls, bound = LS(orbit, SPINS(one, two), with_bound=True)
    return ls.reshape(12, 12), JJ(FIRST(orbit, one), two).reshape(12, 12), bound


def operators() -> tuple[np.ndarray, np.ndarray]:
    """Return J^2 and L . S on product states, from exact generators."""
    parts = [[getattr(rt.generators(j), axis).to_numpy() for axis in "xyz"] for j in (1, 0.5, 0.5)]
    eyes = ORBIT, SPIN, SPIN
    squared, spin_orbit = np.zeros((2, 12, 12), complex)
    for axis in range(3):
        placed = []
        for place in range(3):
            first, second, third = (parts[k][axis] if k == place else eyes[k] for k in range(3))
            placed.append(np.kron(first, np.kron(second, third)))
        orbital, spin = placed[0], placed[1] + placed[2]
        squared += (orbital + spin) @ (orbital + spin)
        spin_orbit += orbital @ spin
    return squared, spin_orbit


def states(irreps: rt.SpinIrreps) -> list[tuple[int, rt.Spin]]:
    """Return the first component and the spin of every copy of an irrep."""
    return [
        (where.start + copy * one.ir.dim, one.ir)
        for one, where in zip(irreps, irreps.slices(), strict=True)
        for copy in range(one.mul)
    ]


def main() -> None:
    """Print what was found, and check it."""
    ls, jj, bound = couplings()
    squared, spin_orbit = operators()
    print(f"LS: 1 x (1/2 x 1/2) = 1 x ({SPINS.irreps_out}) = {LS.irreps_out}")
    print(f"jj: (1 x 1/2) x 1/2 = ({FIRST.irreps_out}) x 1/2 = {JJ.irreps_out}")
    print(f"rounding in the last coupling: at most {bound.max():.1e}")

    weights = (np.abs(ls[:, 0].reshape(3, 4)) ** 2).sum(axis=1)
    print("weights of m_l = -1, 0, 1 in |J = 0>:", ", ".join(f"{weight:.4f}" for weight in weights))

    levels = np.concatenate([[ir.two_j / 2 * (ir.two_j / 2 + 1)] * ir.dim for _, ir in states(LS.irreps_out)])
    off = max(np.abs(way.T @ squared @ way - np.diag(levels)).max() for way in (ls, jj))
    print(f"J^2 is diagonal in both, to {off:.1e}")

    energies = (ls.T @ spin_orbit @ ls).diagonal().real
    for start, ir in states(LS.irreps_out):
        print(f"    J = {ir}: <L . S> = {energies[start]:+.4f}")

    exact = rt.recoupling_matrix(
        [("l", 1), [("s1", 0.5), ("s2", 0.5)]], [[("l", 1), ("s1", 0.5)], ("s2", 0.5)], 1
    ).matrix.to_numpy()
    ways = [[start for start, ir in states(product.irreps_out) if ir == rt.Spin(1)] for product in (LS, JJ)]
    overlaps = (ls.T @ jj)[np.ix_(*ways)].real
    apart = np.abs(overlaps - exact).max()
    print(f"overlaps of LS and jj coupling for J = 1 are those of 6j symbols, to {apart:.1e}")
    for row in overlaps:
        print("   ", "  ".join(f"{value:+.6f}" for value in row))
    rule = [
        energies[start] for start, ir in states(LS.irreps_out) if ir != rt.Spin(1) or energies[start] < -0.5
    ]
    if off > 1e-14 or apart > 1e-15 or not np.allclose(rule, [-2, -1, 1], atol=1e-14):
        raise SystemExit("the couplings do not agree with the exact operators")


if __name__ == "__main__":
    main()
