"""Pieces: however a table is cut, the joined one has the same bytes; a piece believes only what it proves."""

import json
from dataclasses import replace

import numpy as np
import pytest
from table_keys import every_key

from reptheory.build import pieces
from reptheory.build.library import build_key
from reptheory.build.pieces import cut, decode, encode, join, prove
from reptheory.build.recipes import RECIPES
from reptheory.errors import TableCorrupt, TableMismatch
from reptheory.tables.kinds import table_key


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_ROWS", 40)


@pytest.mark.parametrize("key", every_key(2), ids=str)
def test_a_table_in_pieces_is_the_table(key, small_pieces, monkeypatch):
    found, blocks = cut(key), RECIPES[key.kind].blocks(key)
    assert [piece.number for piece in found] == list(range(len(found)))
    assert [piece.first for piece in found] == [0, *(piece.last for piece in found[:-1])]
    assert found[-1].last == len(blocks)
    assert len(found) > 1 or len(blocks) == 1 or pieces._block_rows(key).sum() <= 40
    joined = join(key, [decode(piece, encode(piece, prove(piece))) for piece in found])
    monkeypatch.undo()
    whole = join(key, [prove(piece) for piece in cut(key)])
    assert joined == whole
    assert joined.manifest == whole.manifest


def test_limbs_are_as_many_as_the_longest_integer_needs(monkeypatch):
    # d(pi/2) needs two limbs from spin 33 on, its first blocks one: each piece packs its own.
    monkeypatch.setattr(pieces, "PIECE_ROWS", 50_000)
    key = table_key("wigner_d_pi_half", 34)
    found = [prove(piece) for piece in cut(key)]
    widths = [columns.denominator.shape[1] for columns in found]
    assert min(widths) < max(widths)
    joined, first = join(key, found).denominator, found[0].denominator
    assert joined.shape[1] == max(widths)
    np.testing.assert_array_equal(joined[: len(first), : widths[0]], first)
    assert not joined[: len(first), widths[0] :].any()


@pytest.mark.parametrize("key", every_key(3), ids=str)
def test_rows_are_bounded_and_those_of_couplings_closely(key):
    rows = len(build_key(key))
    close = 1.6 if "lmax_out" in dict(key.parameters) else 100
    assert rows <= sum(piece.rows for piece in cut(key)) <= close * rows


def test_the_cut_depends_on_the_key_alone():
    key = table_key("clebsch_gordan", 12)
    assert cut(key) == cut(key)
    assert len(cut(key)) > 2
    assert max(piece.rows for piece in cut(key)) < 1.5 * pieces.PIECE_ROWS


@pytest.fixture
def piece(small_pieces):
    return cut(table_key("gaunt", 2))[1]


@pytest.fixture
def data(piece):
    return encode(piece, prove(piece))


def test_every_flipped_bit_and_truncation_of_a_part_is_found(piece, data):
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        with pytest.raises((TableCorrupt, TableMismatch)):
            decode(piece, bytes(flipped))
    for length in range(0, len(data), 7):
        with pytest.raises(TableCorrupt):
            decode(piece, data[:length])


def test_another_part_is_refused(piece, data, monkeypatch):
    decode(piece, data)
    for other in (
        replace(piece, number=0),
        replace(piece, count=piece.count + 1),
        replace(piece, first=piece.first + 1),
        replace(piece, key=table_key("clebsch_gordan", 2)),
        replace(piece, key=table_key("gaunt", 3)),
    ):
        with pytest.raises(TableMismatch):
            decode(other, data)
    monkeypatch.setattr(pieces, "GENERATOR_VERSION", pieces.GENERATOR_VERSION + 1)
    with pytest.raises(TableMismatch):
        decode(piece, data)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rows", 1 << 39), ("rows", -1), ("rows", "3"), ("rows", True), ("limbs", [1]),
        ("limbs", [1, 1 << 39]), ("limbs", None), ("sha256", []), ("sha256", [1] * 7),
        ("sha256", None), ("sha256", ["x"] * 7),
    ],
)  # fmt: skip
def test_a_lying_manifest_is_refused(piece, monkeypatch, name, value):
    columns, honest = prove(piece), pieces._manifest
    monkeypatch.setattr(pieces, "_manifest", lambda *arguments: {**honest(*arguments), name: value})
    data = encode(piece, columns)
    monkeypatch.undo()
    assert json.dumps(value).encode() in data.replace(b",", b", ") or value is None
    with pytest.raises(TableCorrupt):
        decode(piece, data)
