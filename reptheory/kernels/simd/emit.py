"""LLVM IR of the explicit vectors of `simd`: vector types, shuffles and fused multiply-adds through llvmlite.

Numba's own loops over tiles reach a tenth of the machine's peak, because possible aliasing keeps LLVM from
vectorising them; vectors written out reach nine tenths, compile in a fraction of a second and round the same
way every time. Each intrinsic is typed from its arguments: float32 or float64 arrays, flat and C-contiguous.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from reptheory.kernels.jit import intrinsic
from reptheory.kernels.simd.plain import VECTOR_BYTES

__all__ = [
    "Vectors",
    "constant",
    "data_of",
    "dense_intrinsic",
    "on_aligned_stack",
    "outlined",
    "sparse_intrinsic",
    "table_row",
]

Builder = Any

ROW_BLOCK = 8
"""Rows whose sums `dense` keeps in registers at a time: 8 rows of 2 vectors are 16 of 32 registers."""


class Vectors:
    """Loads, stores and multiply-adds of 64-byte vectors of one scalar type, into one IR builder."""

    def __init__(self, builder: Builder, scalar: types.Float) -> None:
        self.builder = builder
        self.scalar = ir.FloatType() if scalar.bitwidth == 32 else ir.DoubleType()
        self.lanes = VECTOR_BYTES * 8 // scalar.bitwidth
        self.bytes = scalar.bitwidth // 8
        self.vector = ir.VectorType(self.scalar, self.lanes)
        name = f"llvm.fma.v{self.lanes}f{scalar.bitwidth}"
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        self._fma = cgutils.get_or_insert_function(builder.module, kind, name)

    def pointer(self, data: Any, offset: Any) -> Any:
        """Point to element `offset` of an array."""
        return self.builder.gep(data, [offset])

    def load(self, pointer: Any) -> Any:
        """Load a vector."""
        typed = self.builder.bitcast(pointer, self.vector.as_pointer())
        return self.builder.load(typed, align=self.bytes)

    def store(self, value: Any, pointer: Any) -> None:
        """Store a vector."""
        typed = self.builder.bitcast(pointer, value.type.as_pointer())
        self.builder.store(value, typed, align=self.bytes)

    def prefetch(self, pointer: Any) -> None:
        """Ask for a cache line that is read soon; wherever it points, nothing happens."""
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        prefetch = cgutils.get_or_insert_function(self.builder.module, kind, "llvm.prefetch.p0i8")
        read_kept_data = [ir.Constant(number, choice) for choice in (0, 2, 1)]
        self.builder.call(prefetch, [self.builder.bitcast(pointer, byte), *read_kept_data])

    def splat(self, scalar: Any) -> Any:
        """Put one number in every lane."""
        empty = ir.Constant(self.vector, ir.Undefined)
        one = self.builder.insert_element(empty, scalar, ir.Constant(ir.IntType(32), 0))
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(one, empty, lanes)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """Return a * b + c with one rounding."""
        return self.builder.call(self._fma, [a, b, c])

    def zero(self) -> Any:
        """Return the vector of zeros."""
        return ir.Constant(self.vector, [0.0] * self.lanes)

    def shuffle(self, a: Any, b: Any, lanes: list[int]) -> Any:
        """Pick lanes of a (0, 1, ...) and of b (counted on from there)."""
        mask = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), lanes)
        return self.builder.shuffle_vector(a, b, mask)

    def join(self, parts: list[Any]) -> Any:
        """Put four vectors of a quarter of the lanes side by side."""
        while len(parts) > 1:
            lanes = ir.VectorType(ir.IntType(32), 2 * parts[0].type.count)
            every = ir.Constant(lanes, list(range(2 * parts[0].type.count)))
            pairs = zip(parts[::2], parts[1::2], strict=True)
            parts = [self.builder.shuffle_vector(a, b, every) for a, b in pairs]
        return parts[0]

    def cut(self, vector: Any, part: int) -> Any:
        """Return one quarter of the lanes."""
        count = self.lanes // 4
        lanes = list(range(part * count, (part + 1) * count))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), count), lanes)
        return self.builder.shuffle_vector(vector, vector, mask)

    def within_parts(self, rows: list[Any]) -> list[Any]:
        """Transpose the square that 2 (float64) or 4 (float32) rows form in each 128-bit part."""
        if len(rows) == 2:
            return self._zip(rows[0], rows[1], 1)
        first, second = self._zip(rows[0], rows[1], 1), self._zip(rows[2], rows[3], 1)
        return [*self._zip(first[0], second[0], 2), *self._zip(first[1], second[1], 2)]

    def _zip(self, a: Any, b: Any, run: int) -> list[Any]:
        """Interleave runs of a and b within each part: those of its lower and those of its upper half."""
        n, part = self.lanes, self.lanes // 4
        halves = []
        for half in (0, part // 2):
            starts = [first + half + k for first in range(0, n, part) for k in range(0, part // 2, run)]
            halves.append([s + r for start in starts for s in (start, n + start) for r in range(run)])
        return [self.shuffle(a, b, lanes) for lanes in halves]


def constant(number: int) -> Any:
    """Return an int64."""
    return ir.Constant(ir.IntType(64), number)


def table_row(builder: Builder, table: Any, row: Any, columns: int) -> list[Any]:
    """Load a row of a table of integers."""
    start = builder.mul(row, constant(columns))
    return [builder.load(builder.gep(table, [builder.add(start, constant(k))])) for k in range(columns)]


def data_of(context: Any, builder: Builder, kind: Any, value: Any) -> Any:
    """Return where the elements of an array, or behind a pointer, begin."""
    if isinstance(kind, types.CPointer):
        return value
    return context.make_array(kind)(context, builder, value).data


def on_aligned_stack(function: Any) -> None:
    """Begin a function's stack on a vector boundary, and keep its body where it is.

    LLVM takes the stack as the caller leaves it: a vector that finds no register may then lie across two
    cache lines, and the same code takes up to 1.4 times as long, depending on who calls it.
    """
    function.attributes.add("noinline")
    function.attributes.alignstack = VECTOR_BYTES


def outlined(
    name: str, body: Callable[[Builder, Vectors, list[Any]], None], *, in_registers: bool = False
) -> Callable[..., Any]:
    """Return a code generator that calls one function a module, whose statements `body` emits.

    Inlined at each of its calls a large step would take seconds to compile. The function is known by `name`
    and the types of the arrays, which reach `body` as pointers to their elements.
    `optsize` keeps LLVM from making several variants of its loops, for long and for short runs, which take
    longer to compile and, as ours are short, longer to run.

    in_registers   all vectors find a register, so that the stack stays as it is: aligning it takes two of the
                   registers for addresses, a tenth of the time of a small matrix times rows
    """

    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        given, kinds = [], []
        for kind, value in zip(signature.args, args, strict=True):
            pointer = isinstance(kind, types.Array | types.CPointer)
            given.append(data_of(context, builder, kind, value) if pointer else value)
            kinds.extend([kind.dtype] if pointer else [])
        form = ir.FunctionType(ir.VoidType(), [value.type for value in given])
        title = "_".join(("reptheory", name, *map(str, kinds)))
        function = cgutils.get_or_insert_function(builder.module, form, title)
        if function.is_declaration:
            function.linkage = "linkonce_odr"
            function.attributes.add("noinline")
            function.attributes.add("optsize")
            if not in_registers:
                on_aligned_stack(function)
            inside = ir.IRBuilder(function.append_basic_block())
            body(inside, Vectors(inside, kinds[0]), list(function.args))
            inside.ret_void()
        builder.call(function, given)
        return context.get_dummy_value()

    return codegen


def _emit_dense_rows(
    builder: Builder, v: Vectors, a: dict[str, Any], row: Any, rows: int, width: int
) -> None:
    """Emit target[row : row + rows] = matrix[row : row + rows] @ source, accumulators in registers."""
    accumulators = [[cgutils.alloca_once(builder, v.vector) for _ in range(width)] for _ in range(rows)]
    for slot in (slot for line in accumulators for slot in line):
        builder.store(v.zero(), slot)
    starts = [
        builder.add(a["m0"], builder.mul(builder.add(row, constant(r)), a["cols"])) for r in range(rows)
    ]
    with cgutils.for_range(builder, a["cols"]) as loop:
        base = builder.add(a["s0"], builder.mul(loop.index, a["s_step"]))
        source = [
            v.load(v.pointer(a["source"], builder.add(base, constant(k * v.lanes)))) for k in range(width)
        ]
        for line, start in zip(accumulators, starts, strict=True):
            factor = v.splat(builder.load(v.pointer(a["matrix"], builder.add(start, loop.index))))
            for slot, vector in zip(line, source, strict=True):
                builder.store(v.fma(factor, vector, builder.load(slot)), slot)
    for r, line in enumerate(accumulators):
        base = builder.add(a["t0"], builder.mul(builder.add(row, constant(r)), a["t_step"]))
        for k, slot in enumerate(line):
            v.store(builder.load(slot), v.pointer(a["target"], builder.add(base, constant(k * v.lanes))))


def _dense_body(builder: Builder, v: Vectors, width: int, a: dict[str, Any]) -> None:
    """Emit blocks of ROW_BLOCK rows, then the rows left over."""
    blocks = builder.udiv(a["rows"], constant(ROW_BLOCK))
    with cgutils.for_range(builder, blocks) as loop:
        _emit_dense_rows(builder, v, a, builder.mul(loop.index, constant(ROW_BLOCK)), ROW_BLOCK, width)
    done = builder.mul(blocks, constant(ROW_BLOCK))
    rest = builder.sub(a["rows"], done)
    for left in range(1, ROW_BLOCK):
        with builder.if_then(builder.icmp_unsigned("==", rest, constant(left))):
            _emit_dense_rows(builder, v, a, done, left, width)


def _dense_codegen(width: int) -> Callable[..., Any]:
    names = ("matrix", "m0", "rows", "cols", "source", "s0", "s_step", "target", "t0", "t_step")
    return outlined(
        f"dense_{width}",
        lambda builder, v, args: _dense_body(builder, v, width, dict(zip(names, args, strict=True))),
        in_registers=True,
    )


def dense_intrinsic(width: int) -> Any:
    """Return `simd.dense_W` for W = width."""

    @intrinsic
    def emit(typingctx: Any, matrix: Any, m0: Any, rows: Any, cols: Any, source: Any, s0: Any, s_step: Any, target: Any, t0: Any, t_step: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
        i = types.int64
        return types.void(matrix, i, i, i, source, i, i, target, i, i), _dense_codegen(width)

    return emit


def _sparse_codegen(width: int) -> Callable[..., Any]:
    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        kinds = signature.args
        values, index, source, target = (data_of(context, builder, kinds[k], args[k]) for k in (0, 1, 4, 6))
        start, stop, s_step, t0, fresh = args[2], args[3], args[5], args[7], args[8]
        v = Vectors(builder, kinds[0].dtype)
        slots = [cgutils.alloca_once(builder, v.vector) for _ in range(width)]
        places = [v.pointer(target, builder.add(t0, constant(k * v.lanes))) for k in range(width)]
        for slot in slots:
            builder.store(v.zero(), slot)
        with cgutils.for_range(builder, builder.sub(stop, start)) as loop:
            term = builder.add(start, loop.index)
            row = builder.sext(builder.load(v.pointer(index, term)), ir.IntType(64))
            base = builder.mul(row, s_step)
            factor = v.splat(builder.load(v.pointer(values, term)))
            for k, slot in enumerate(slots):
                vector = v.load(v.pointer(source, builder.add(base, constant(k * v.lanes))))
                builder.store(v.fma(factor, vector, builder.load(slot)), slot)
        is_fresh = builder.icmp_unsigned("!=", fresh, constant(0))
        for slot, place in zip(slots, places, strict=True):
            before = builder.select(is_fresh, v.zero(), v.load(place))
            v.store(builder.fadd(before, builder.load(slot)), place)
        return context.get_dummy_value()

    return codegen


def sparse_intrinsic(width: int) -> Any:
    """Return `simd.sparse_W` for W = width."""

    @intrinsic
    def emit(typingctx: Any, values: Any, index: Any, start: Any, stop: Any, source: Any, s_step: Any, target: Any, t0: Any, fresh: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
        i = types.int64
        return types.void(values, index, i, i, source, i, target, i, i), _sparse_codegen(width)

    return emit
