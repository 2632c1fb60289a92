"""Size: the bound holds, is not absurd, and answers at once however large lmax is."""

import pytest
from table_keys import keys_of

from reptheory.build import size
from reptheory.build.library import build_table
from reptheory.build.size import available_memory, most_bytes, most_rows, require_room
from reptheory.errors import TooLarge
from reptheory.tables.kinds import KINDS, kind_of, table_key


@pytest.mark.parametrize("name", list(KINDS))
def test_the_bound_holds_and_is_near(name):
    for lmax in range(6):
        for key in keys_of(name, lmax):
            values = dict(key.parameters)
            options = [{}]
            if "lmax_out" in values:
                options += [{"lmax_out": lmax // 2}, {"lmax_out": lmax}]
            elif "band_limit" in values:
                options += [{"band_limit": 2 * lmax}]
            for option in options:
                table = build_table(name, **(values | option))
                assert len(table) <= most_rows(table.key)
                assert lmax < 3 or "formula" in values or most_rows(table.key) <= 6 * len(table)


@pytest.mark.parametrize("top", range(5))
def test_triangles_are_counted(top):
    triads = ((0, 1, 2), (0, 1, 2))  # of one triad alone the bound is the number of triangles
    labels = range(2 * top + 1)
    sides = [(x, y, z) for x in labels for y in labels for z in range(abs(x - y), min(x + y, 2 * top) + 1, 2)]
    assert size._symbols(3, triads, top) == len(sides)


@pytest.mark.parametrize("name", [name for name in KINDS if "lmax" in kind_of(name).parameters])
@pytest.mark.parametrize("lmax", [10_000, 2**31, 2**64, 10**30])
def test_absurd_tables_are_refused_at_once(name, lmax):
    if name in {"forms_from_vector_harmonics", "harmonic_factor"}:  # few rows a degree: 10,000 is little
        lmax *= 1000
    options = {"quaternion": "1,0,1,0"} if name == "rotation_matrix" else {}
    with pytest.raises(TooLarge, match=r"rows and need .*B of memory") as caught:
        build_table(name, lmax, **options)
    assert "\n" not in str(caught.value)


def test_the_limit_is_what_is_free(monkeypatch):
    key = table_key("clebsch_gordan", 8)
    monkeypatch.setattr(size, "available_memory", lambda: most_bytes(key))
    require_room(key)
    monkeypatch.setattr(size, "available_memory", lambda: most_bytes(key) - 1)
    with pytest.raises(TooLarge, match="lmax_out"):
        require_room(key)


def test_available_memory_is_plausible(monkeypatch, tmp_path):
    assert 1 << 20 < available_memory() < 1 << 50
    (tmp_path / "memory.max").write_text("2000\n")
    (tmp_path / "memory.current").write_text("500\n")
    monkeypatch.setattr(size, "_CGROUP", tmp_path)
    assert available_memory() == 1500
    (tmp_path / "memory.stat").write_text("anon 100\ninactive_file 400\n")  # a cache of files is no use
    assert available_memory() == 1900
    (tmp_path / "memory.max").write_text("max\n")
    assert available_memory() > 1500
    monkeypatch.setattr(size, "_MEMINFO", tmp_path / "absent")
    assert available_memory() > 1500
