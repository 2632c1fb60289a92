"""Kinds: canonical names, and the rules every row of an index obeys."""

import itertools

import numpy as np
import pytest
from table_keys import every_key, keys_of

from reptheory.errors import LabelError, TableCorrupt
from reptheory.tables.kinds import KINDS, kind_of, table_key
from reptheory.tables.rules import check_index


def test_defaults_are_filled_in():
    assert table_key("gaunt", 3) == table_key("gaunt", np.int8(3), basis="real", lmax_out=6)
    assert table_key("harmonics_from_fourier", 3) == table_key("harmonics_from_fourier", 3.0, band_limit=3)
    assert dict(table_key("theta_fourier", 3).parameters) == {"lmax": 3, "basis": "complex"}
    assert table_key("gaunt", 3) == table_key("gaunt", 3, normalization="integral", phase="none")
    schmidt = table_key("gaunt", 3, normalization="racah")
    assert schmidt == table_key("gaunt", 3, normalization="schmidt", phase="none") != table_key("gaunt", 3)
    assert schmidt.convention.fingerprint != table_key("gaunt", 3).convention.fingerprint
    half_turn = table_key("rotation_matrix", 1, quaternion=[0, 0, -4, 2])
    assert half_turn == table_key("rotation_matrix", 1, quaternion="0,0,-2,1")


def test_file_names_differ_and_are_plain():
    keys = {key for lmax in range(6) for key in every_key(lmax)}
    keys |= {table_key("gaunt", 2, lmax_out=out) for out in range(4)}
    keys |= {table_key("theta_projection", 2, band_limit=band) for band in range(2, 5)}
    names = {key.file_name for key in keys}
    assert len(names) == len(keys)
    assert all(name == name.lower() and name.isascii() and "/" not in name for name in names)


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (("magic", 1), {}, "kind"),
        ((["gaunt"], 1), {}, "kind"),
        (("gaunt", -1), {}, "lmax"),
        (("gaunt", 0.5), {}, "lmax"),
        (("gaunt", "4"), {}, "lmax"),
        (("gaunt", True), {}, "lmax"),
        (("gaunt", None), {}, "lmax"),
        (("gaunt", float("nan")), {}, "lmax"),
        (("gaunt", 2), {"lmax_out": 5}, "lmax_out"),
        (("gaunt", 2), {"lmax_out": -1}, "lmax_out"),
        (("gaunt", 2), {"band_limit": 2}, "band_limit"),
        (("gaunt", 2), {"basis": "cubic"}, "basis"),
        (("wigner_3j", 2), {"basis": "real"}, "basis"),
        (("theta_projection", 3), {"band_limit": 2}, "band_limit"),
        (("theta_projection", 3), {"lmax_out": 2}, "lmax_out"),
        (("cartesian_tensor", 2), {"formula": "ij"}, "lmax"),
        (("cartesian_tensor",), {}, "formula"),
        (("cartesian_tensor",), {"formula": "../i"}, "formula"),
        (("cartesian_tensor",), {"formula": "i" * 8}, "formula"),
        (("gaunt", 1), {"formula": "ij"}, "formula"),
        (("gaunt", 1), {"normalization": "magic"}, "normalization"),
        (("gaunt", 1), {"normalization": 10**5000}, "normalization"),
        (("gaunt", 1), {"phase": "up"}, "phase"),
        (("gaunt", 1), {"quaternion": "1,0,0,0"}, "quaternion"),
        (("wigner_3j", 1), {"normalization": "4pi"}, "no harmonics"),
        (("wigner_3j", 1), {"phase": "none"}, "no harmonics"),
        (("rotation_matrix", 1), {}, "quaternion"),
        (("rotation_matrix", 1), {"quaternion": "0,0,0,0"}, "quaternion"),
        (("rotation_matrix", 1), {"quaternion": "1,0,0"}, "quaternion"),
        (("rotation_matrix", 1), {"quaternion": (1, 0, 0)}, "quaternion"),
        (("rotation_matrix", 1), {"quaternion": (1, 0, 0, 0.5)}, "quaternion"),
        (("rotation_matrix", 1), {"quaternion": "1,0,0,../x"}, "quaternion"),
        (("rotation_matrix", 1), {"quaternion": (10**10, 0, 0, 1)}, "quaternion"),
    ],
)
def test_impossible_tables_are_refused(arguments, options, words):
    with pytest.raises(LabelError, match=words) as caught:
        table_key(*arguments, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", list(KINDS))
def test_check_index_accepts_exactly_the_possible_rows(name):
    kind = kind_of(name)
    parameters = dict(keys_of(name, 1)[0].parameters)
    limits = kind.limits(parameters)
    rows = candidates(limits)
    good = np.array([possible(kind, parameters, row) for row in rows.tolist()])
    lows, highs = np.array(limits).T
    inside = ((rows >= lows) & (rows <= highs)).all(axis=1)
    np.testing.assert_array_equal(kind.allowed(rows[inside]), good[inside])
    check_index(kind, parameters, rows[good])
    assert good.any()
    rejected = rows[~good]
    for row in rejected[:: max(1, len(rejected) // 50)]:
        with pytest.raises(TableCorrupt):
            check_index(kind, parameters, row[None])
    with pytest.raises(TableCorrupt, match="ascending"):
        check_index(kind, parameters, rows[good][::-1])


@pytest.mark.parametrize("count", [4, 5])
def test_no_degree_exceeds_the_others_together(count):
    kind, parameters = kind_of(f"gaunt_{count}"), {"lmax": 4, "basis": "complex"}
    rows = np.array([*itertools.product(range(5), repeat=count)], dtype=np.int32)
    rows = np.hstack([rows, np.zeros_like(rows)])
    good = [possible(kind, parameters, row) for row in rows.tolist()]
    np.testing.assert_array_equal(kind.allowed(rows), good)
    assert not kind.allowed(np.array([[2] + [0] * (2 * count - 1)], dtype=np.int32)).any()


def candidates(limits):
    """Return every row in and next to the limits; thirty thousand of them where there are more."""
    lows, highs = np.array(limits).T
    if np.prod(highs - lows + 3.0) < 1e5:
        ranges = [range(low - 1, high + 2) for low, high in limits]
        return np.array(list(itertools.product(*ranges)), dtype=np.int32)
    rows = np.random.default_rng(0).integers(lows, highs + 1, (30_000, len(lows)), dtype=np.int32)
    rows[:1000] += np.eye(len(lows), dtype=np.int32)[np.arange(1000) % len(lows)] * 3
    return np.unique(rows, axis=0)


def possible(kind, parameters, row):  # noqa: PLR0911, PLR0912
    """Write the rules a second time, one row at a time."""
    limits = kind.limits(parameters)
    if any(not low <= value <= high for value, (low, high) in zip(row, limits, strict=True)):
        return False
    if kind.name in {
        "clebsch_gordan",
        "gaunt",
        "spin_clebsch_gordan",
        "wigner_3j",
        "real_wigner_3j",
        "tensor_harmonics",
        "block_basis",
    }:
        js, ms = row[:3], row[3:]
        triangle = js[2] in range(abs(js[0] - js[1]), js[0] + js[1] + 1)
        fits = all(m in range(-j, j + 1, 2 if kind.doubled else 1) for j, m in zip(js, ms, strict=True))
        whole = kind.name != "tensor_harmonics" or js[1] % 2 == 0
        return triangle and fits and whole and (not kind.doubled or sum(js) % 2 == 0)
    if kind.name in SYMBOLS:
        step = 2 if kind.doubled else 1
        triads = ([row[place] for place in triad] for triad in SYMBOLS[kind.name])
        good = all(c in range(abs(a - b), a + b + 1, step) for a, b, c in triads)
        return good and (kind.doubled or sum(row[1::3]) % 2 == 0)
    if kind.name == "vector_path_ratio":
        families = zip(row[1:4], row[4:], [(1, 1, 0), (1, 1, 1), (0, 1, 1)][row[0]], strict=True)
        triads = [row[1:4], row[4:], *families]
        return sum(row[4:]) % 2 == 0 and all(c in range(abs(a - b), a + b + 1) for a, b, c in triads)
    if kind.name in {"gaunt_4", "gaunt_5"}:
        ls, ms = row[: len(row) // 2], row[len(row) // 2 :]
        polygon = all(sum(ls) - l >= l for l in ls)  # noqa: E741
        return polygon and sum(ls) % 2 == 0 and all(abs(m) <= l for l, m in zip(ls, ms, strict=True))  # noqa: E741
    if kind.name == "harmonic_factor":
        return abs(row[1]) <= row[0]
    if kind.name == "rotation_matrix":
        return all(m in range(-row[0], row[0] + 1, 2) for m in row[1:3])
    if kind.name.startswith("wigner_d"):
        orders, last = row[1:3], row[3:]
        span = range(row[0] + 1) if kind.name == "wigner_d_polynomial" else range(-row[0], row[0] + 1, 2)
        return all(m in range(-row[0], row[0] + 1, 2) for m in orders) and all(m in span for m in last)
    if "monomials" in kind.name:
        return sum(row[3:]) == row[0] and row[1] in range(row[0] % 2, row[0] + 1, 2) and abs(row[2]) <= row[1]
    if kind.name == "solid_harmonics":
        return sum(row[2:]) == row[0] and abs(row[1]) <= row[0]
    if kind.name == "vector_harmonics":
        degrees = range(abs(row[0] - 1), row[0] + 2)
        return sum(row[4:]) == row[1] and row[1] in degrees and abs(row[2]) <= row[0]
    if kind.name == "forms_from_vector_harmonics":
        return row[2] in {0: (0, 2), 1: (0, 2), 2: (1,)}[row[1]]
    if kind.name == "solid_gradient":
        return abs(row[1]) <= row[0] and abs(row[3]) <= row[0] - 1
    if kind.name == "generators":
        return all(m in range(-row[0], row[0] + 1, 2) for m in row[2:])
    if kind.name == "cartesian_tensor":
        return abs(row[2]) <= row[0]
    if kind.name == "real_from_complex":
        return max(abs(row[1]), abs(row[2])) <= row[0]
    return abs(row[1]) <= row[0] and (kind.name.startswith("theta") or abs(row[3]) == abs(row[1]))


SYMBOLS = {
    "wigner_6j": [(0, 1, 2), (0, 4, 5), (3, 1, 5), (3, 4, 2)],
    "racah": [(0, 1, 4), (2, 3, 4), (0, 2, 5), (1, 3, 5)],
    "recoupling_three_spins": [(0, 1, 4), (4, 2, 3), (1, 2, 5), (0, 5, 3)],
    "recoupling_four_spins": [(0, 1, 5), (2, 3, 6), (5, 6, 4), (0, 2, 7), (1, 3, 8), (7, 8, 4)],
    "matrix_path_ratio": [(0, 1, 2), (3, 4, 0), (4, 5, 1), (3, 5, 2)],
    "tensor_path_ratio": [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8)],
    "wigner_9j": [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8)],
    "wigner_12j_first": [(i, (i + 1) if i < 3 else 8, 4 + i) for i in range(4)]
    + [(8 + i, (9 + i) if i < 3 else 0, 4 + i) for i in range(4)],
    "wigner_12j_second": [(i, (i + 1) % 4, 4 + i) for i in range(4)]
    + [(8 + i, 8 + (i + 1) % 4, 4 + i) for i in range(4)],
}
