"""A Gaunt convolution on a real molecule: messages of neighbours that turn with it, and their gradient.

Every atom of alanine starts with a feature of degrees 0..2: its charge and the sum of the directions to its
neighbours. One layer sends to each atom i the sum over its neighbours j of Gaunt(x_j, w(r_ij) Y(r_ij)), the
pointwise product on the sphere of the neighbour's feature with a function of the direction to it. This
prints what is proven about rounding, turns the molecule by a rotation and looks whether the result turns
with it, and compares the gradient with respect to the directions with finite differences.

    python examples/gaunt_convolution.py
"""

import numpy as np

import reptheory as rt
from reptheory.verify.molecules import shipped

LMAX, CUTOFF = 2, 3.0
CONVOLUTION = rt.GauntConvolution(LMAX, LMAX, LMAX)


def edges(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs (receiver, sender) of different atoms within the cutoff."""
    distance = np.linalg.norm(positions[:, None] - positions, axis=-1)
    receiver, sender = np.nonzero((distance > 0) & (distance < CUTOFF))
    return receiver, sender


def features(positions: np.ndarray, charges: np.ndarray) -> np.ndarray:
    """Return (atoms, 9): the charge, and the directions to the neighbours, 0 in degree 2."""
    receiver, sender = edges(positions)
    x = np.zeros((len(positions), (LMAX + 1) ** 2))
    x[:, 0] = charges / 10
    np.add.at(
        x[:, 1:4], receiver, (positions[sender] - positions[receiver])[:, [1, 2, 0]]
    )  # l = 1 is y, z, x
    return x


def radial(vectors: np.ndarray) -> np.ndarray:
    """Return one weight for each edge and degree, smooth at the cutoff."""
    distance = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (1 + np.cos(np.pi * distance / CUTOFF)) / 2 * np.exp(-distance * np.arange(1, LMAX + 2) / 2)


def layer(positions: np.ndarray, charges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the new feature of each atom, and a bound on what rounding did to the products."""
    receiver, sender = edges(positions)
    vectors = positions[sender] - positions[receiver]
    messages, bound = CONVOLUTION(
        features(positions, charges)[sender], vectors, radial(vectors), with_bound=True
    )
    result, error = np.zeros((2, len(positions), messages.shape[-1]))
    np.add.at(result, receiver, messages)
    np.add.at(error, receiver, bound)
    return result, error


def rotation(lmax: int) -> np.ndarray:
    """Return D of the rotation of the quaternion (1, 2, 3, 4) on degrees 0..lmax, from exact numbers."""
    whole = np.zeros(((lmax + 1) ** 2,) * 2)
    for degree in range(lmax + 1):
        block = slice(degree**2, (degree + 1) ** 2)
        whole[block, block] = rt.real_rotation_matrix(degree, (1, 2, 3, 4)).to_numpy()
    return whole


def gradient_error(x: np.ndarray, vectors: np.ndarray, weight: np.ndarray) -> float:
    """Return how far the gradient of sum(z^2) / 2 in the vectors is from central differences."""
    z = CONVOLUTION(x, vectors, weight)
    found = CONVOLUTION.backward(x, vectors, weight, z).vectors
    step, worst = 1e-5, 0.0
    for axis in range(3):
        shift = step * np.eye(3)[axis]
        ahead, behind = (
            0.5 * (CONVOLUTION(x, vectors + s, weight) ** 2).sum(axis=-1) for s in (shift, -shift)
        )
        worst = max(worst, float(np.abs((ahead - behind) / (2 * step) - found[:, axis]).max()))
    return worst


def main() -> None:
    """Print what was found, and check it."""
    molecule = shipped("alanine")
    positions, charges = molecule.positions, molecule.numbers
    receiver, sender = edges(positions)
    z, error = layer(positions, charges)
    print(f"{molecule.name}: {len(positions)} atoms, {len(receiver)} edges, degrees 0..{LMAX}")
    print(f"largest feature {np.abs(z).max():.4f}, rounding of its products at most {error.max():.1e}")
    turn, both = rotation(LMAX), rotation(1)[1:, 1:]
    turned = positions[:, [1, 2, 0]] @ both.T  # as harmonics of degree 1: y, z, x
    again, _ = layer(turned[:, [2, 0, 1]], charges)
    drift = np.abs(again - z @ turn.T).max()
    print(f"the molecule turned, the features turn with it to {drift:.1e}")
    vectors = positions[sender] - positions[receiver]
    off = gradient_error(features(positions, charges)[sender], vectors, radial(vectors))
    print(f"the gradient in the directions agrees with differences to {off:.1e}")
    if drift > 1e-12 or off > 1e-7:
        raise SystemExit("the layer is not equivariant, or its gradient is wrong")


if __name__ == "__main__":
    main()
