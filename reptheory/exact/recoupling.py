"""Recoupling coefficients: the overlap of two states that couple the same spins in different orders.

A tree is a state: |(left, right, j) m> = sum |left m1> |right m2> <j1 m1 j2 m2 | j m>, with the phases of
`clebsch_gordan`. Overlaps do not depend on m. One tree becomes the other by rotations of a node,

    |((a b)e c)d> = sum_f R |(a (b c)f)d>,   R = (-1)^(a+b+c+d) sqrt((2e+1)(2f+1)) {a b e; c d f}
    |(a b)e>      = (-1)^(a+b-e) |(b a)e>                       [Varshalovich 1988, 9.1 and 8.4]

Nodes of the second tree are made one after another, the nearest first, and are never broken again. A rotation
that makes one keeps only its spin; the others sum over f. With the triad (a b e) as the first of `wigner6j`,

    overlap = w sqrt(K2/K1),   w_f = sum_e w_e (-1)^(a+b+c+d) (2e+1) S(a b e; c d f) / T(e c d)

where K is the product of (2j+1)/T over the nodes of a tree: rational numbers w, one square
root at the end.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Final

from reptheory.errors import TooLarge
from reptheory.exact.coupling_trees import Shape, Tree, read_tree, same_leaves
from reptheory.exact.surd import Surd
from reptheory.exact.wigner6j import require_small, triad_sum, triad_weight
from reptheory.exact.wigner9j import ring_range
from reptheory.groups.labels import shown

__all__ = ["recoupling"]

Sums = dict[tuple[int, ...], Fraction]

_MOST_TERMS: Final = 10**5
_LARGEST_WORK: Final = 10**7


def recoupling(tree1: object, tree2: object) -> Surd:
    """Return the overlap <tree1 | tree2> of two coupled states over the same leaves, exactly.

    tree1, tree2  a leaf is a pair (name, spin), a node a triple (left, right, spin) of two subtrees and the
                  spin they couple to: ((("a", 1), ("b", 1), 2), ("c", 1), 1) couples a, b to 2, then c to 1
    returns       Surd; 0 where a triad is no triangle with a whole sum, or a spin that both fix differs
    raises        LabelError: no trees, impossible spins, other leaves; TooLarge: spins or sums too large

    >>> a, b, c = ("a", 0.5), ("b", 0.5), ("c", 1)
    >>> recoupling(((a, b, 1), c, 1), (a, (b, c, 0.5), 1))
    √(2/3)
    """
    first = read_tree(tree1, "tree1")
    second = read_tree(tree2, "tree2", first.names)
    same_leaves(first, second)
    shared = first.shape.keys() & second.shape.keys()
    if any(first.spins[node] != second.spins[node] for node in shared):
        return Surd(0, Fraction(0))
    if not (first.exists() and second.exists()):
        return Surd(0, Fraction(0))
    for tree in (first, second):
        require_small(
            "recoupling", max(sum(tree.triad(node)) // 2 for node in tree.shape) if tree.shape else 0
        )
    weight = _Moves(first, second).run()
    return Surd.scaled(weight, _norm(second) / _norm(first))


def _norm(tree: Tree) -> Fraction:
    """Return K, the product of (2j+1)/T over the nodes."""
    return prod(
        (Fraction(tree.spins[node] + 1, triad_weight(*tree.triad(node))) for node in tree.shape),
        start=Fraction(1),
    )


class _Moves:
    """The state of tree1 on its way to tree2: a shape, the spins that are known, and a sum over the others.

    shape   as in `Tree`
    spins   doubled spins of the nodes and leaves, where they are known
    free    the nodes whose spins are summed over; no node of the target is among them
    sums    the doubled spins of the free nodes -> w of the module docstring
    """

    def __init__(self, first: Tree, target: Tree) -> None:
        self.target = target
        self.shape: Shape = dict(first.shape)
        self.spins = first.spins | target.spins
        self.free: list[int] = []
        self.sums: Sums = {(): Fraction(1)}

    def run(self) -> Fraction:
        """Make every node of the target, the nearest first; return w."""
        while waiting := self.target.shape.keys() - self.shape.keys():
            there = self.shape.keys() | {1 << place for place in range(len(self.target.names))}
            ready = [node for node in waiting if there.issuperset(self.target.shape[node])]
            node = min(ready, key=lambda node: (self._distance(node), node))
            while node not in self.shape:
                self._approach(*self.target.shape[node])
        sign = 1
        for node, parts in self.target.shape.items():
            if self.shape[node] != parts:
                sign *= _exchange(*self.target.triad(node))
        return sign * self.sums.get((), Fraction(0))

    def _above(self, part: int) -> list[int]:
        """Return the nodes above a part, from its parent to the root (a superset is a larger mask)."""
        return sorted(node for node in self.shape if node & part == part and node != part)

    def _distance(self, node: int) -> int:
        """Return how far the two parts of a node that is to be made stand from each other."""
        left, right = self.target.shape[node]
        return len(set(self._above(left)) ^ set(self._above(right)))

    def _approach(self, left: int, right: int) -> None:
        """Rotate once so that two parts come one step closer; when they meet, their node is there."""
        choices = []
        for part, other in ((left, right), (right, left)):
            above = self._above(part)
            if above[0] & other != other:  # the parent holds this part only
                choices.append((above[0] not in self.free, part, other, above))
        _, part, other, (parent, grandparent, *_) = min(choices)
        uncle, sibling = grandparent ^ parent, parent ^ part
        if uncle & other:
            self._rotate(sibling, part, uncle)
        else:
            self._rotate(part, sibling, uncle)

    def _rotate(self, a: int, b: int, c: int) -> None:
        """Turn the nodes ((a b) c) into (a (b c)), either pair in any order before."""
        e, d, f = a | b, a | b | c, b | c
        turned_e, turned_d = self.shape.pop(e) != (a, b), self.shape[d] != (e, c)
        self.shape[d], self.shape[f] = (a, f), (b, c)
        before, kept = self.free, [node for node in self.free if node != e]
        self.free = kept if f in self.target.shape else [*kept, f]
        sums: Sums = {}
        for labels, weight in self.sums.items():
            spins = self.spins | dict(zip(before, labels, strict=True))
            two_a, two_b, two_c, two_d, two_e = spins[a], spins[b], spins[c], spins[d], spins[e]
            sign = _sign(two_a + two_b + two_c + two_d)
            sign *= _exchange(two_a, two_b, two_e) if turned_e else 1
            sign *= _exchange(two_e, two_c, two_d) if turned_d else 1
            factor = sign * weight * Fraction(two_e + 1, triad_weight(two_e, two_c, two_d))
            two_fs = ring_range([(two_b, two_c), (two_a, two_d)])
            if f in self.target.shape:
                two_fs = range(spins[f], spins[f] + 1) if spins[f] in two_fs else range(0)
            _require_work(two_fs, len(sums), two_a + two_b + two_c + two_d)
            rest = tuple(spins[node] for node in kept)
            for two_f in two_fs:
                key = rest if f in self.target.shape else (*rest, two_f)
                term = factor * triad_sum(two_a, two_b, two_e, two_c, two_d, two_f)
                sums[key] = sums.get(key, Fraction(0)) + term
        self.sums = {key: weight for key, weight in sums.items() if weight}


def _exchange(two_a: int, two_b: int, two_e: int) -> int:
    """Return (-1)^(a+b-e), the sign of (b a)e against (a b)e."""
    return _sign(two_a + two_b - two_e)


def _sign(two_n: int) -> int:
    return -1 if two_n & 2 else 1


def _require_work(two_fs: range, terms: int, bits: int) -> None:
    """Raise TooLarge if a sum grows beyond what memory and patience hold."""
    values = (two_fs.stop - two_fs.start) // two_fs.step
    if values + terms > _MOST_TERMS or values * bits > _LARGEST_WORK:
        raise TooLarge(
            f"recoupling: a sum needs {shown(values + terms)} or more terms of about {shown(bits)} bits; the "
            f"limits are {_MOST_TERMS} terms and {_LARGEST_WORK} bits for one spin; choose smaller spins"
        )
