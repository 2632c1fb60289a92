"""Draw the pictures of docs/conventions.md: real harmonics l <= 3 for both polar axes.

    python docs/pictures/real_harmonics.py

A harmonic is drawn at the distance |S| in each direction, red where positive and blue where negative,
from its exact polynomial. Arrows are the axes x (long dashes), y (dots) and z (solid).
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import LightSource
from mpl_toolkits.mplot3d.axes3d import Axes3D
from numpy.typing import NDArray

import reptheory as rt

FOLDER = Path(__file__).parent
LMAX = 3
PAGES = {"real": "real: polar axis z", "e3nn@0.6": "e3nn, e3nn-jax, cuEquivariance, MACE: polar axis y"}
POSITIVE, NEGATIVE = (0.80, 0.15, 0.12), (0.13, 0.33, 0.72)
STYLES = {"x": (0, (6, 3)), "y": (0, (1, 2)), "z": "-"}


def directions(count: int = 45) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Unit vectors on a grid: (n, 3), and the shape of the grid."""
    theta, phi = np.meshgrid(
        np.linspace(0, np.pi, count), np.linspace(0, 2 * np.pi, 2 * count), indexing="ij"
    )
    points = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=-1)
    return points.reshape(-1, 3), theta.shape


def values(points: NDArray[np.float64], degree: int, convention: str) -> NDArray[np.float64]:
    """Harmonics of one degree in a convention: (n, 2l+1), by their polynomials in x, y, z."""
    columns = [
        sum(
            float(coefficient) * np.prod(points**powers, axis=1)
            for powers, coefficient in rt.solid_harmonic(degree, m, "real").terms
        )
        for m in range(-degree, degree + 1)
    ]
    return rt.convert(np.stack(columns, axis=1), "real", convention, "harmonics", degree)


def draw(
    axes: Axes3D, points: NDArray[np.float64], shape: tuple[int, int], harmonic: NDArray[np.float64]
) -> None:
    """Draw one harmonic with its axes."""
    size = 0.6 if np.ptp(harmonic) < 1e-9 else 1.0  # the sphere of l = 0 would fill the page
    surface = points * np.abs(harmonic)[:, None] / np.abs(harmonic).max() * size
    colors = np.where((harmonic > 0)[:, None], POSITIVE, NEGATIVE).reshape(*shape, 3)
    x, y, z = (surface[:, axis].reshape(shape) for axis in range(3))
    axes.plot_surface(
        x, y, z, facecolors=colors, rstride=1, cstride=1, linewidth=0, antialiased=False,
        lightsource=LightSource(315, 45), shade=True,
    )  # fmt: skip
    for number, (name, style) in enumerate(STYLES.items()):
        end = 1.15 * np.eye(3)[number]
        axes.plot(*([0, part] for part in end), color="0.25", linewidth=0.8, linestyle=style)
        axes.text(*(1.1 * end), name, fontsize=7, color="0.25")
    axes.set(xlim=(-0.9, 0.9), ylim=(-0.9, 0.9), zlim=(-0.9, 0.9))
    axes.view_init(elev=22, azim=35)
    axes.set_axis_off()
    axes.set_box_aspect((1, 1, 1), zoom=1.25)


def page(convention: str, title: str) -> None:
    """Draw all harmonics of one convention, one row a degree, m ascending."""
    points, shape = directions()
    width = 2 * LMAX + 1
    figure = plt.figure(figsize=(width * 1.25, (LMAX + 1) * 1.45 + 0.3), dpi=80)
    for degree in range(LMAX + 1):
        table = values(points, degree, convention)
        for m in range(-degree, degree + 1):
            place = degree * width + LMAX + m + 1
            axes = figure.add_subplot(LMAX + 1, width, place, projection="3d")
            draw(axes, points, shape, table[:, degree + m])
            axes.set_title(f"l = {degree}, m = {m}", fontsize=8, y=1.05)
    figure.suptitle(title, fontsize=10, y=0.99)
    figure.subplots_adjust(left=0, right=1, bottom=0, top=0.91, wspace=0, hspace=0.12)
    name = "real_harmonics" if convention == "real" else "real_harmonics_polar_axis_y"
    figure.savefig(FOLDER / f"{name}.png", metadata={"Software": None}, pil_kwargs={"optimize": True})
    plt.close(figure)


if __name__ == "__main__":
    mpl.use("agg")
    for one, text in PAGES.items():
        page(one, text)
