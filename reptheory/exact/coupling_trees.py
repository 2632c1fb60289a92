"""Binary coupling trees: what a caller writes, read into a shape and its spins, and the moves between shapes.

A leaf is a pair (name, spin), a node a triple (left, right, spin): two subtrees and the spin they couple to.
Leaf number n, in the order of reading, is the bit 2^n, so that a subtree is the mask of its leaves; `shape`
maps the mask of every node to the masks of its left and right subtree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reptheory.errors import LabelError, TooLarge
from reptheory.exact.three_spins import admissible
from reptheory.groups.labels import shown, spelled, two_spin

__all__ = ["Shape", "Tree", "read_tree", "same_leaves"]

Shape = dict[int, tuple[int, int]]

_DEEPEST: Final = 100
_RULE: Final = "a tree is a leaf (name, spin) or a node (left, right, spin), as tuples; the name is text"


@dataclass(frozen=True, slots=True)
class Tree:
    """A coupling tree over named leaves.

    root    mask of all leaves
    shape   mask of a node -> masks of its left and right subtree; children come before parents
    spins   mask of a node or leaf -> its doubled spin
    names   leaf names, that of the bit 2^n at n
    """

    root: int
    shape: Shape
    spins: dict[int, int]
    names: tuple[str, ...]

    def triad(self, node: int) -> tuple[int, int, int]:
        """Return the doubled spins (left, right, node) of one node."""
        left, right = self.shape[node]
        return self.spins[left], self.spins[right], self.spins[node]

    def exists(self) -> bool:
        """Whether every node is a triangle with a whole sum, so that there is a state."""
        return all(admissible(*self.triad(node)) for node in self.shape)


def read_tree(written: object, name: str, names: tuple[str, ...] = ()) -> Tree:
    """Return a tree as a caller writes it.

    name     the argument's name, for messages
    names    leaf names in the order of their bits; those that are not there yet come after them
    raises   LabelError: no tree, an impossible spin, a name that comes twice; TooLarge: deeper than 100 nodes
    """
    bits = {leaf: 1 << place for place, leaf in enumerate(names)}
    shape: Shape = {}
    spins: dict[int, int] = {}
    root = _read(written, name, 0, bits, shape, spins)
    return Tree(root, shape, spins, tuple(bits))


def _read(
    part: object, where: str, depth: int, bits: dict[str, int], shape: Shape, spins: dict[int, int]
) -> int:
    """Read one subtree into shape and spins; return its mask."""
    if depth > _DEEPEST:
        raise TooLarge(f"{where[:24]}...: the tree is deeper than {_DEEPEST} nodes; couple fewer spins")
    if isinstance(part, tuple) and len(part) == 2 and type(part[0]) is str:
        mask = bits.setdefault(part[0], 1 << len(bits))
        if mask in spins:
            raise LabelError(
                f"{where}: got the leaf {shown(part[0])} twice; each spin is coupled once; rename one"
            )
        spins[mask] = two_spin(part[1], f"{where}[1]")
        return mask
    if not (isinstance(part, tuple) and len(part) == 3):
        raise LabelError(f"{where}: got {shown(part)}; {_RULE}")
    left = _read(part[0], f"{where}[0]", depth + 1, bits, shape, spins)
    right = _read(part[1], f"{where}[1]", depth + 1, bits, shape, spins)
    mask = left | right
    spins[mask] = two_spin(part[2], f"{where}[2]")
    shape[mask] = left, right
    return mask


def same_leaves(first: Tree, second: Tree) -> None:
    """Raise LabelError unless the second tree, read with the names of the first, has its leaves and spins."""
    if first.root != second.root:
        odd = first.root ^ second.root
        place = odd.bit_length() - 1
        leaf = second.names[place]
        raise LabelError(
            f"tree2: got other leaves than tree1: {shown(leaf)} is in one of them only; both trees must "
            "couple the same leaves; add or rename one"
        )
    for place, leaf in enumerate(first.names):
        one, other = first.spins[1 << place], second.spins[1 << place]
        if one != other:
            raise LabelError(
                f"tree2: got the spin {spelled(other)} for the leaf {shown(leaf)}, which is {spelled(one)} "
                "in tree1; both trees must couple the same spins; correct one"
            )
