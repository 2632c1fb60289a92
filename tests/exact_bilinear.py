"""Exact references for bilinear products: coefficients and floats as Arb balls, nothing of the kernels.

A coefficient is the surd that a table row states in integers; a float is the rational that it is. Sums run
at 400 bits: a ball is far narrower than any error that is judged, and comparisons hold only when certain.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product as combinations
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq

from reptheory.build.library import load_table
from reptheory.exact.matrix_blocks import block_basis
from reptheory.exact.tensor_harmonics import tensor_harmonic_array
from reptheory.exact.vector_paths import SPINS, VectorKind
from reptheory.operations.bilinear import BilinearProduct
from reptheory.operations.blocks import Blocks
from reptheory.operations.full_tensor_product import FullTensorProduct
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct
from reptheory.operations.matrix_product import MatrixProduct
from reptheory.operations.transposed import TransposedProduct
from reptheory.operations.vector_engine import TERMS, Field, families
from reptheory.operations.vector_spherical_product import VectorSphericalProduct
from reptheory.tables.table import Table

Array = Any
Ball = Any
BITS = 400


@dataclass(frozen=True)
class Reference:
    """The terms (i, j, coefficient) of every output."""

    terms: tuple[tuple[tuple[int, int, Ball], ...], ...]

    def ball(self, x: Array, y: Array, k: int) -> Ball:
        """Enclose output k for one sample."""
        total = arb(0)
        for i, j, coefficient in self.terms[k]:
            if x[i] and y[j]:
                total += coefficient * (arb(float(x[i])) * arb(float(y[j])))
        return total

    def violations(self, x: Array, y: Array, z: Array, bound: Array) -> list[tuple[int, int]]:
        """List (sample, output) where |z - exact| <= bound is not certain; an infinite bound always holds."""
        found = []
        with ctx.workprec(BITS):
            for n, k in zip(*np.nonzero(np.isfinite(bound)), strict=True):
                if not abs(arb(float(z[n, k])) - self.ball(x[n], y[n], k)) <= arb(float(bound[n, k])):
                    found.append((int(n), int(k)))
        return found

    def errors(self, x: Array, y: Array, z: Array) -> Array:
        """Return |z - exact| to nearest, 0 where z is not finite."""
        result = np.zeros(z.shape)
        with ctx.workprec(BITS):
            for n, k in zip(*np.nonzero(np.isfinite(z)), strict=True):
                error = abs(arb(float(z[n, k])) - self.ball(x[n], y[n], k))
                result[n, k] = float(error.mid())
        return result


@lru_cache(maxsize=32)
def _entries(kind: str, lmax: int, lmax_out: int) -> dict[tuple[int, int, int], list[Any]]:
    """Return the rows (m1, m2, m3, coefficient) of each path."""
    table: Table = load_table(kind, lmax, lmax_out=lmax_out, basis="real")
    paths: dict[tuple[int, int, int], list[Any]] = {}
    with ctx.workprec(BITS):
        for number in range(len(table)):
            row = table.row(number)
            square = arb(fmpq(row.numerator, row.denominator)) * arb.pi() ** row.pi_power
            l1, l2, l3, m1, m2, m3 = (int(label) for label in table.index[number])
            paths.setdefault((l1, l2, l3), []).append((m1, m2, m3, row.sign * square.sqrt()))
    return paths


@lru_cache(maxsize=64)
def gaunt_reference(lmax1: int, lmax2: int, lmax_out: int) -> Reference:
    """Return the Gaunt product of these degrees."""
    outputs: list[list[tuple[int, int, Ball]]] = [[] for _ in range((lmax_out + 1) ** 2)]
    top = max(lmax1, lmax2)
    for (l1, l2, l3), rows in _entries("gaunt", top, min(lmax_out, 2 * top)).items():
        if l1 <= lmax1 and l2 <= lmax2 and l3 <= lmax_out:
            for m1, m2, m3, value in rows:
                outputs[l3 * l3 + l3 + m3].append((l1 * l1 + l1 + m1, l2 * l2 + l2 + m2, value))
    return Reference(tuple(map(tuple, outputs)))


def full_reference(product: FullTensorProduct) -> Reference:
    """Return a full tensor product, laid out as its instructions say: copies (u, v) at u * mul2 + v.

    A coefficient is the Clebsch-Gordan one times sqrt(alpha / (2 l3 + 1)); orders stand outside in "ir_mul".
    """
    outputs: list[list[tuple[int, int, Ball]]] = [[] for _ in range(product.dim_out)]
    irreps1, irreps2 = product.irreps_in1, product.irreps_in2
    slices1, slices2 = irreps1.slices(), irreps2.slices()
    top = max((ir.l for irreps in (irreps1, irreps2) for _, ir in irreps), default=0)
    for path in product.instructions:
        rows = _entries("clebsch_gordan", top, 2 * top)[path.ir1.l, path.ir2.l, path.ir_out.l]
        mul1, mul2 = irreps1[path.i1].mul, irreps2[path.i2].mul
        dim1, dim2, dim_out = path.ir1.dim, path.ir2.dim, path.ir_out.dim
        alpha = {"component": dim_out, "norm": dim1 * dim2, "none": 1}[product.irrep_normalization]
        with ctx.workprec(BITS):
            factor = (arb(alpha) / dim_out).sqrt()
            rows = [
                (m1 + path.ir1.l, m2 + path.ir2.l, m3 + path.ir_out.l, c * factor) for m1, m2, m3, c in rows
            ]
        for u, v in np.ndindex(mul1, mul2):
            left, right, copy = (u, dim1, mul1), (v, dim2, mul2), (u * mul2 + v, dim_out, mul1 * mul2)
            for m1, m2, m3, value in rows:
                i = slices1[path.i1].start + _within(m1, *left, product.layout)
                j = slices2[path.i2].start + _within(m2, *right, product.layout)
                k = path.columns.start + _within(m3, *copy, product.layout)
                outputs[k].append((i, j, value))
    return Reference(tuple(map(tuple, outputs)))


def _within(order: int, copy: int, dim: int, mul: int, layout: str) -> int:
    """Return where an order of a copy stands in its entry."""
    return copy * dim + order if layout == "mul_ir" else order * mul + copy


def basis_balls(blocks: Blocks) -> dict[tuple[int, int], list[tuple[int, Ball]]]:
    """Return the exact change of basis of matrices: (row, column) -> components with their coefficients."""
    found: dict[tuple[int, int], list[tuple[int, Ball]]] = {}
    for one, components in blocks.pairs:
        for (a, b, k), value in block_basis(one.l1, one.l2, "real").items():
            place = one.row + a, one.column + b
            found.setdefault(place, []).append((int(components[k]), value.to_arb(BITS)))
    return found


@lru_cache(maxsize=64)
def matrix_reference(blocks: tuple[Blocks, Blocks, Blocks]) -> Reference:
    """Return a matrix product by its definition: change of basis, product of matrices, change of basis."""
    sums: dict[tuple[int, int, int], Ball] = {}
    with ctx.workprec(BITS):
        first, second, third = map(basis_balls, blocks)
        for ((a, b), left), ((b2, c), right) in combinations(first.items(), second.items()):
            if b != b2:
                continue
            for (i, p), (j, q), (k, r) in combinations(left, right, third[a, c]):
                sums[k, i, j] = sums.get((k, i, j), arb(0)) + p * q * r
    outputs: list[list[tuple[int, int, Ball]]] = [[] for _ in range(blocks[2].irreps.dim)]
    for (k, i, j), value in sums.items():
        outputs[k].append((i, j, value))
    return Reference(tuple(map(tuple, outputs)))


def _field_balls(field: Field) -> list[tuple[int, int, int, Ball]]:
    """Return the exact functions of a field: coefficient, component, harmonic, value."""
    found = []
    for j, degree, start in families(field.spin, field.lmax):
        for (order, m, sigma), value in tensor_harmonic_array(j, degree, field.spin, "real").items():
            found.append((start + order, sigma, degree * degree + m, value.to_arb(BITS)))
    return found


@lru_cache(maxsize=64)
def vector_reference(kind: VectorKind, lmax1: int, lmax2: int, lmax_out: int) -> Reference:
    """Return a product of fields by its definition: components, Gaunt products of these, back."""
    fields = [Field(spin, lmax) for spin, lmax in zip(SPINS[kind], (lmax1, lmax2, lmax_out), strict=True)]
    sums: dict[tuple[int, int, int], Ball] = {}
    with ctx.workprec(BITS):
        sides: list[dict[tuple[int, int], list[tuple[int, Ball]]]] = [{}, {}, {}]
        for side, field in zip(sides, fields, strict=True):
            for place, component, harmonic, value in _field_balls(field):
                side.setdefault((component, harmonic), []).append((place, value))
        for (a, b, c, sign), (k, terms) in combinations(
            TERMS[kind], enumerate(gaunt_reference(lmax1, lmax2, lmax_out).terms)
        ):
            for i, j, value in terms:
                for (p, left), (q, right), (r, out) in combinations(
                    sides[0].get((a, i), []), sides[1].get((b, j), []), sides[2].get((c, k), [])
                ):
                    key = r, p, q
                    sums[key] = sums.get(key, arb(0)) + sign * value * left * right * out
    outputs: list[list[tuple[int, int, Ball]]] = [[] for _ in range(fields[2].dim)]
    for (r, p, q), value in sums.items():
        outputs[r].append((p, q, value))
    return Reference(tuple(map(tuple, outputs)))


def transposed_reference(product: BilinearProduct, operand: int) -> Reference:
    """Return the gradient with respect to an operand, from the terms of the product itself."""
    dim = product.dim1 if operand == 1 else product.dim2
    outputs: list[list[tuple[int, int, Ball]]] = [[] for _ in range(dim)]
    for k, terms in enumerate(reference_of(product).terms):
        for i, j, value in terms:
            if operand == 1:
                outputs[i].append((k, j, value))
            else:
                outputs[j].append((i, k, value))
    return Reference(tuple(map(tuple, outputs)))


def reference_of(product: BilinearProduct) -> Reference:
    """Return the reference of a product."""
    if isinstance(product, TransposedProduct):
        return transposed_reference(product.product, product.operand)
    if isinstance(product, GauntTensorProduct):
        return gaunt_reference(product.lmax1, product.lmax2, product.lmax_out)
    if isinstance(product, VectorSphericalProduct):
        return vector_reference(product.kind, product.lmax1, product.lmax2, product.lmax_out)
    if isinstance(product, MatrixProduct):
        return matrix_reference(product._blocks)
    assert isinstance(product, FullTensorProduct)
    return full_reference(product)
