"""Explicit vectors for polynomials that are sums of products of two monomials; copies are lanes.

A row holds SAMPLES vectors, one a sample; a coefficient is one vector, the same for all of them.

    multiply        target = a b
    multiply_pull   to_a += t b;  to_b += t a
    fold            target = sum over rows r of  right[r] sum_t c[t] left[t]
    fold_pull       for one row:  to_right += g sum_t c[t] left[t];  h = g right
    left_pull       target += sum_t c[t] h[t];  m[t] += sum over samples of left h[t]

Everything stands in one flat array `work`, at the offsets given, except the numbers of rows and coefficients.
Sums stay in registers. Twins in NumPy: `polynomials_plain`.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import config, types
from numba.core import cgutils

from reptheory.kernels.jit import intrinsic
from reptheory.kernels.simd.emit import Vectors, constant, data_of
from reptheory.kernels.simd.polynomials_plain import (
    SAMPLES,
    fold_plain,
    fold_pull_plain,
    left_pull_plain,
    multiply_plain,
    multiply_pull_plain,
)

__all__ = ["SAMPLES", "fold", "fold_pull", "left_pull", "multiply", "multiply_pull"]

Builder = Any


class _Rows:
    """Loads and stores of rows of `work`, the first argument."""

    def __init__(self, context: Any, builder: Builder, signature: Any, args: Any) -> None:
        self.builder = builder
        self.work = data_of(context, builder, signature.args[0], args[0])
        self.v = Vectors(builder, signature.args[0].dtype)

    def place(self, offset: Any, number: int) -> Any:
        """Point to vector `number` of what begins at an offset."""
        return self.v.pointer(self.work, self.builder.add(offset, constant(number * self.v.lanes)))

    def load(self, offset: Any, number: int = 0) -> Any:
        """Load one vector of a row."""
        return self.v.load(self.place(offset, number))

    def store(self, value: Any, offset: Any, number: int = 0) -> None:
        """Store one vector of a row."""
        self.v.store(value, self.place(offset, number))

    def number(self, index: Any, place: Any) -> Any:
        """Read entry `place` of an array of numbers."""
        return self.builder.sext(self.builder.load(self.builder.gep(index, [place])), ir.IntType(64))

    def row(self, start: Any, number: Any) -> Any:
        """Return where a row stands, counted from `start`."""
        return self.builder.add(start, self.builder.mul(number, constant(SAMPLES * self.v.lanes)))

    def vector(self, start: Any, number: Any) -> Any:
        """Return where a vector stands, counted from `start`."""
        return self.builder.add(start, self.builder.mul(number, constant(self.v.lanes)))

    def sums(self) -> list[Any]:
        """Return a variable a sample, 0."""
        slots = [cgutils.alloca_once(self.builder, self.v.vector) for _ in range(SAMPLES)]
        self.clear(slots)
        return slots

    def clear(self, slots: list[Any]) -> None:
        """Set variables to 0."""
        for slot in slots:
            self.builder.store(self.v.zero(), slot)

    def add_terms(self, sums: list[Any], index: Any, first: Any, last: Any, c: Any, table: Any) -> None:
        """Add the terms c[t] table[index[t]] to variables."""
        builder = self.builder
        with cgutils.for_range(builder, builder.sub(last, first)) as loop:
            term = builder.add(first, loop.index)
            factor, left = self.load(self.vector(c, term)), self.row(table, self.number(index, term))
            for s, slot in enumerate(sums):
                builder.store(self.v.fma(factor, self.load(left, s), builder.load(slot)), slot)


@intrinsic
def _multiply(typingctx: Any, work: Any, a: Any, b: Any, target: Any) -> Any:  # noqa: ARG001
    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        rows = _Rows(context, builder, signature, args)
        for s in range(SAMPLES):
            rows.store(builder.fmul(rows.load(args[1], s), rows.load(args[2], s)), args[3], s)
        return context.get_dummy_value()

    return types.void(work, types.int64, types.int64, types.int64), codegen


@intrinsic
def _multiply_pull(typingctx: Any, work: Any, t: Any, a: Any, b: Any, to_a: Any, to_b: Any) -> Any:  # noqa: ARG001
    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        rows = _Rows(context, builder, signature, args)
        t, a, b, to_a, to_b = args[1:]
        for s in range(SAMPLES):
            for one, target in ((b, to_a), (a, to_b)):
                rows.store(rows.v.fma(rows.load(t, s), rows.load(one, s), rows.load(target, s)), target, s)
        return context.get_dummy_value()

    i = types.int64
    return types.void(work, i, i, i, i, i), codegen


@intrinsic
def _fold(typingctx: Any, work: Any, index: Any, table: Any, first: Any, last: Any, c: Any, monomials: Any, target: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        rows = _Rows(context, builder, signature, args)
        index, table = (data_of(context, builder, signature.args[k], args[k]) for k in (1, 2))
        first, last, c, monomials, target = args[3:]
        totals, sums = rows.sums(), rows.sums()
        with cgutils.for_range(builder, builder.sub(last, first)) as loop:
            place = builder.mul(builder.add(first, loop.index), constant(3))
            begin, end, right = (rows.number(table, builder.add(place, constant(k))) for k in range(3))
            rows.clear(sums)
            rows.add_terms(sums, index, begin, end, c, monomials)
            factor = rows.row(monomials, right)
            for s, (total, slot) in enumerate(zip(totals, sums, strict=True)):
                product = rows.v.fma(builder.load(slot), rows.load(factor, s), builder.load(total))
                builder.store(product, total)
        for s, total in enumerate(totals):
            rows.store(builder.load(total), target, s)
        return context.get_dummy_value()

    i = types.int64
    return types.void(work, index, table, i, i, i, i, i), codegen


@intrinsic
def _fold_pull(typingctx: Any, work: Any, index: Any, begin: Any, end: Any, c: Any, monomials: Any, right: Any, g: Any, to_right: Any, h: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        rows = _Rows(context, builder, signature, args)
        index = data_of(context, builder, signature.args[1], args[1])
        begin, end, c, monomials, right, g, to_right, h = args[2:]
        sums = rows.sums()
        rows.add_terms(sums, index, begin, end, c, monomials)
        for s, slot in enumerate(sums):
            incoming = rows.load(g, s)
            rows.store(builder.fmul(incoming, rows.load(right, s)), h, s)
            rows.store(rows.v.fma(incoming, builder.load(slot), rows.load(to_right, s)), to_right, s)
        return context.get_dummy_value()

    i = types.int64
    return types.void(work, index, i, i, i, i, i, i, i, i), codegen


@intrinsic
def _left_pull(typingctx: Any, work: Any, index: Any, coefficients: Any, first: Any, last: Any, c: Any, m: Any, h: Any, left: Any, target: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        rows = _Rows(context, builder, signature, args)
        index, coefficients = (data_of(context, builder, signature.args[k], args[k]) for k in (1, 2))
        first, last, c, m, h, left, target = args[3:]
        monomial = [rows.load(left, s) for s in range(SAMPLES)]
        sums = rows.sums()
        with cgutils.for_range(builder, builder.sub(last, first)) as loop:
            term = builder.add(first, loop.index)
            row, number = rows.row(h, rows.number(index, term)), rows.number(coefficients, term)
            factor, place = rows.load(rows.vector(c, number)), rows.vector(m, number)
            parts = [rows.load(place), rows.v.zero()]
            for s, slot in enumerate(sums):
                value = rows.load(row, s)
                builder.store(rows.v.fma(factor, value, builder.load(slot)), slot)
                parts[s % 2] = rows.v.fma(value, monomial[s], parts[s % 2])
            rows.store(builder.fadd(*parts), place)
        for s, slot in enumerate(sums):
            rows.store(builder.fadd(rows.load(target, s), builder.load(slot)), target, s)
        return context.get_dummy_value()

    i = types.int64
    return types.void(work, index, coefficients, i, i, i, i, i, i, i), codegen


multiply = multiply_plain if config.DISABLE_JIT else _multiply
multiply_pull = multiply_pull_plain if config.DISABLE_JIT else _multiply_pull
fold = fold_plain if config.DISABLE_JIT else _fold
fold_pull = fold_pull_plain if config.DISABLE_JIT else _fold_pull
left_pull = left_pull_plain if config.DISABLE_JIT else _left_pull
