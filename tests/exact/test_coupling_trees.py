"""Coupling trees: what is written becomes masks, children before parents, names in the order of reading."""

from __future__ import annotations

import pytest

from reptheory.errors import LabelError
from reptheory.exact.coupling_trees import read_tree, same_leaves

A, B, C = ("a", 1), ("b", 0.5), ("c", 2)


def test_a_tree_is_its_masks() -> None:
    tree = read_tree((A, (B, C, 1.5), 2.5), "tree")
    assert tree.names == ("a", "b", "c")
    assert tree.root == 0b111
    assert list(tree.shape.items()) == [(0b110, (0b010, 0b100)), (0b111, (0b001, 0b110))]
    assert tree.spins == {0b001: 2, 0b010: 1, 0b100: 4, 0b110: 3, 0b111: 5}
    assert tree.triad(0b111) == (2, 3, 5)
    assert tree.exists()
    assert not read_tree((A, B, 1), "tree").exists()


def test_names_of_another_tree_keep_their_bits() -> None:
    first = read_tree(((A, B, 0.5), C, 1.5), "tree1")
    second = read_tree(((C, B, 1.5), A, 1.5), "tree2", first.names)
    assert second.shape == {0b110: (0b100, 0b010), 0b111: (0b110, 0b001)}
    same_leaves(first, second)
    with pytest.raises(LabelError, match="'d'"):
        same_leaves(first, read_tree((((C, B, 1.5), A, 1.5), ("d", 0), 1.5), "tree2", first.names))


def test_an_empty_name_is_a_name_and_a_subclass_is_no_text() -> None:
    class Text(str):
        __slots__ = ()

    assert read_tree(("", 1), "tree").names == ("",)
    with pytest.raises(LabelError, match=r"^tree: got"):
        read_tree((Text("a"), 1), "tree")
