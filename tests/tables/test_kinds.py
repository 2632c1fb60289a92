"""Kinds: canonical names, and the rules every row of an index obeys."""

import itertools

import numpy as np
import pytest

from reptheory.errors import LabelError, TableCorrupt
from reptheory.tables.kinds import KINDS, check_index, kind_of, table_key


def test_defaults_are_filled_in():
    assert table_key("gaunt", 3) == table_key("gaunt", np.int8(3), basis="real", lmax_out=6)
    assert table_key("harmonics_from_fourier", 3) == table_key("harmonics_from_fourier", 3.0, band_limit=3)
    assert dict(table_key("theta_fourier", 3).parameters) == {"lmax": 3, "basis": "complex"}


def test_file_names_differ_and_are_plain():
    keys = {
        table_key(kind.name, lmax, basis=basis, **({kind.option: lmax + extra} if kind.option else {}))
        for kind, lmax, extra in itertools.product(KINDS.values(), range(3), range(2))
        for basis in kind.bases
        if kind.option != "lmax_out" or lmax + extra <= 2 * lmax
    }
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
    ],
)
def test_impossible_tables_are_refused(arguments, options, words):
    with pytest.raises(LabelError, match=words) as caught:
        table_key(*arguments, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", list(KINDS))
def test_check_index_accepts_exactly_the_possible_rows(name):
    kind = kind_of(name)
    lmax = 1
    parameters = dict(table_key(name, lmax).parameters)
    ranges = [range(low - 1, high + 2) for low, high in kind.limits(parameters)]
    rows = np.array(list(itertools.product(*ranges)), dtype=np.int32)
    good = np.array([possible(kind, parameters, row) for row in rows.tolist()])
    lows, highs = np.array(kind.limits(parameters)).T
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


def possible(kind, parameters, row):
    """Write the rules a second time, one row at a time."""
    limits = kind.limits(parameters)
    if any(not low <= value <= high for value, (low, high) in zip(row, limits, strict=True)):
        return False
    if kind.shape == "coupling":
        js, ms = row[:3], row[3:]
        triangle = js[2] in range(abs(js[0] - js[1]), js[0] + js[1] + 1)
        fits = all(m in range(-j, j + 1, 2 if kind.doubled else 1) for j, m in zip(js, ms, strict=True))
        return triangle and fits and (not kind.doubled or sum(js) % 2 == 0)
    if kind.shape == "rotation":
        return all(m in range(-row[0], row[0] + 1, 2) for m in row[1:])
    return abs(row[1]) <= row[0] and (kind.shape == "theta" or abs(row[3]) == abs(row[1]))
