"""Euler angles of the same rotation of space, as each package takes them.

    zyz           Z(alpha) Y(beta) Z(gamma)          zyz inverse   its inverse: zyz with (-gamma, -beta,
                  -alpha)
    zyz negated   zyz with (-alpha, -beta, -gamma)   yxy           Y(alpha) X(beta) Y(gamma)
    zyz reversed  zyz with (gamma, beta, alpha): in the order in which they act

All pass through the unit quaternion of the rotation. Turning the axes z -> y -> x -> z takes zyz to yxy, so a
y-x-y rotation has the quaternion of zyz with its parts in another order.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reptheory.conversion.registry import PackageConvention
from reptheory.errors import LabelError

__all__ = ["converted_angles", "quaternion_of", "zyz_angles", "zyz_of"]

Floats = NDArray[np.float64]
_TO_Y: Final = [0, 2, 3, 1]  # (a, b, c, d) in z-y-z names to (a, x, y, z) for the polar axis y
_TO_Z: Final = [0, 3, 1, 2]


def zyz_angles(one: PackageConvention, angles: Floats) -> Floats:
    """Return the angles (..., 3) of the active rotation z-y-z (or y-x-y) that a package means."""
    if one.angles == "none":
        raise LabelError(
            f"angles: {one.name} takes no Euler angles; use a convention that does, or a quaternion"
        )
    if one.angles == "zyz inverse":
        return -angles[..., ::-1]
    if one.angles == "zyz reversed":
        return angles[..., ::-1]
    return -angles if one.angles == "zyz negated" else angles


def quaternion_of(angles: Floats) -> Floats:
    """Return the unit quaternions (..., 4), scalar first, of Z(alpha) Y(beta) Z(gamma)."""
    half = angles / 2
    plus, minus = half[..., 0] + half[..., 2], half[..., 0] - half[..., 2]
    cosine, sine = np.cos(half[..., 1]), np.sin(half[..., 1])
    parts = [cosine * np.cos(plus), -sine * np.sin(minus), sine * np.cos(minus), cosine * np.sin(plus)]
    return np.stack(parts, axis=-1)


def zyz_of(quaternion: Floats) -> Floats:
    """Return angles (..., 3) of quaternions (..., 4); where only a sum of angles is fixed, one of many.

    They give the same rotation of spinors too, not minus it: their half sum and difference are those of the
    quaternion's two pairs of parts.
    """
    a, b, c, d = np.moveaxis(quaternion, -1, 0)
    plus, minus = np.arctan2(d, a), np.arctan2(-b, c)
    return np.stack([plus + minus, 2 * np.arctan2(np.hypot(b, c), np.hypot(a, d)), plus - minus], axis=-1)


def converted_angles(angles: Floats, source: PackageConvention, target: PackageConvention) -> Floats:
    """Return the angles that make `target` turn space as `source` does with the given ones: (..., 3)."""
    ours = zyz_angles(source, angles)
    zyz_angles(target, angles)  # refuses a package without angles
    if source.polar_axis != target.polar_axis:
        ours = zyz_of(quaternion_of(ours)[..., _TO_Y if source.polar_axis == "y" else _TO_Z])
    return zyz_angles(target, ours)  # both changes of sign are their own inverses
