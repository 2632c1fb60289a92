"""audit: what it says of tables that are right, and of tables that are wrong in known ways."""

from __future__ import annotations

import itertools
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import sph_harm_y

import reptheory as rt
from reptheory.conversion import foreign_files
from reptheory.errors import OperandError, StoreError, TooLarge


def dense(kind: str, lmax: int, lmax_out: int, dtype: Any = np.float64, basis: Any = "real") -> NDArray[Any]:
    """Every coefficient as one array over (L + 1)^2 entries an axis."""
    block_of: Any = {"gaunt": rt.gaunt_array, "clebsch_gordan": rt.clebsch_gordan_array}[kind]
    table = np.zeros(((lmax + 1) ** 2, (lmax + 1) ** 2, (lmax_out + 1) ** 2), dtype)
    for a, b, c in itertools.product(range(lmax + 1), range(lmax + 1), range(lmax_out + 1)):
        if abs(a - b) <= c <= a + b:
            part = slice(a * a, (a + 1) ** 2), slice(b * b, (b + 1) ** 2), slice(c * c, (c + 1) ** 2)
            table[part] = block_of(a, b, c, basis=basis).to_numpy(dtype)
    return table


def by_quadrature(lmax: int, lmax_out: int, dtype: Any) -> NDArray[Any]:
    """Gaunt coefficients as people compute them: harmonics on a grid, summed in `dtype`."""
    count = 2 * lmax + lmax_out + 3
    nodes, weights = np.polynomial.legendre.leggauss(count)
    theta, phi = np.meshgrid(np.arccos(nodes), np.arange(2 * count) * np.pi / count, indexing="ij")
    rows = []
    for l in range(lmax_out + 1):  # noqa: E741
        columns = np.stack([sph_harm_y(l, m, theta.ravel(), phi.ravel()) for m in range(-l, l + 1)])
        rows.append((rt.real_from_complex(l).to_numpy("complex128") @ columns).real)
    values = np.concatenate(rows).astype(dtype)
    measure = np.repeat(weights * np.pi / count, 2 * count).astype(dtype)
    first = values[: (lmax + 1) ** 2]
    return np.einsum("ip,jp,kp,p->ijk", first, first, values, measure, optimize=True)


TABLE = dense("gaunt", 3, 5)
SINGLE = TABLE.astype(np.float32)


def test_a_right_table_holds() -> None:
    for table in (TABLE, dense("gaunt", 3, 5, np.float32)):
        found = rt.audit(table)
        assert found.holds
        assert (found.kind, found.nearest) == ("gaunt", found.entries)
        assert "real" in found.conventions
        assert "no entry is off" in str(found)


def test_a_table_of_float32_quadrature() -> None:
    found = rt.audit(by_quadrature(3, 5, np.float32))
    assert (found.kind, found.factor) == ("gaunt", 1.0)
    assert "real" in found.conventions
    assert not found.holds
    assert set(found.counts) <= {"value", "not zero"}
    assert found.nearest < found.entries / 2
    assert 4 < found.worst < 1e4
    assert 2.0**-26 < found.relative < 2.0**-14
    assert found.noise > 0
    stored_in_double = rt.audit(by_quadrature(3, 5, np.float32).astype(np.float64))
    assert stored_in_double.looks_single
    assert "accuracy of float32" in str(stored_in_double)
    assert not rt.audit(by_quadrature(3, 5, np.float64)).looks_single


def test_a_table_with_a_flipped_sign() -> None:
    for place in np.argwhere(SINGLE)[[3, 50, -1]].tolist():
        spoilt = dense("gaunt", 3, 5, np.float32)
        spoilt[tuple(place)] *= -1
        (wrong,) = rt.audit(spoilt).wrong
        assert wrong.what == "sign"
        rows = [degree * (degree + 1) + m for degree, m in zip(wrong.path, wrong.orders, strict=True)]
        assert rows == place
        assert wrong.found == spoilt[tuple(place)] == -wrong.expected
        assert wrong.ulps > 1e6


@pytest.mark.parametrize("order", ["descending", "zero first", "cartesian", "zero first, minus before plus"])
def test_a_table_with_swapped_order(order: str) -> None:
    from reptheory.conversion.reference import with_other_orders  # noqa: PLC0415

    one = next(one for one in with_other_orders(rt.CONVENTIONS["real"]) if one.order == order)
    table = rt.convert(
        dense("clebsch_gordan", 2, 4), "real", one, "clebsch_gordan", (range(3), range(3), range(5))
    )
    found = rt.audit(table, degrees=(range(3), range(3), range(5)))
    assert found.nearest == found.entries
    assert found.kind == "clebsch_gordan"
    if order != "cartesian":
        assert found.conventions == (f"real with m {order}",)
    spoilt = table.copy()
    place = tuple(np.argwhere(table)[40].tolist())
    spoilt[place] = 0
    (wrong,) = rt.audit(spoilt, degrees=(range(3), range(3), range(5))).wrong
    assert wrong.what == "zero"
    assert wrong.expected == table[place]


@pytest.mark.parametrize("lmax", [2, 4])
def test_a_dense_table_with_one_axis_in_another_order(lmax: int) -> None:
    """(L + 1)^2 is odd: the table reads as one large block too, beside whose entries nothing looks wrong."""
    table = dense("gaunt", lmax, lmax, np.float32)
    noisy = table + np.float32(1e-8) * np.random.default_rng(0).normal(size=table.shape).astype(np.float32)
    backwards = np.concatenate(
        [np.arange((degree + 1) ** 2 - 1, degree**2 - 1, -1) for degree in range(lmax + 1)]
    )
    whole = rt.audit(noisy[np.ix_(backwards, backwards, backwards)], ulps=100)
    assert "real with m descending" in whole.conventions
    assert not whole.wrong
    one = rt.audit(noisy[:, :, backwards], ulps=100)
    assert one.conventions[0] == "real with m descending on axis 2"
    assert not one.wrong
    spoilt = table[:, backwards].copy()
    place = tuple(np.argwhere(spoilt)[20].tolist())
    spoilt[place] *= -1
    (wrong,) = rt.audit(spoilt).wrong
    labels = [degree * (degree + 1) + m for degree, m in zip(wrong.path, wrong.orders, strict=True)]
    assert (labels[0], backwards[labels[1]], labels[2]) == place
    swapped = table.copy()
    swapped[[4, 5]] = swapped[[5, 4]]
    found = rt.audit(swapped)
    assert "real" in found.conventions
    assert {one.path[0] for one in found.wrong} == {2}
    assert {one.orders[0] for one in found.wrong} == {-2, -1}


def test_a_table_of_half_precision() -> None:
    table = {(1, 2, 2): rt.clebsch_gordan_array(1, 2, 2, basis="real").to_numpy().astype(np.float16)}
    found = rt.audit(table)
    assert found.holds
    assert (found.kind, found.nearest) == ("clebsch_gordan", found.entries)
    table[1, 2, 2][0, 0, 1] = np.nextafter(table[1, 2, 2][0, 0, 1], np.float16(1))
    strict = rt.audit(table, ulps=0.5)
    assert [one.ulps for one in strict.wrong] == [1.0]


def test_a_table_without_numbers_follows_nothing() -> None:
    for table in (np.zeros((9, 9, 9)), np.full((9, 9, 9), np.nan)):
        with pytest.raises(OperandError, match="no convention can be told"):
            rt.audit(table)
        assert not rt.audit(table, "gaunt", convention="real", degrees=(range(3),) * 3).holds


@pytest.mark.parametrize("ulps", [-1, float("nan"), "4", None])
def test_the_bound_is_a_number(ulps: Any) -> None:
    with pytest.raises(OperandError, match="ulps: got"):
        rt.audit(TABLE, ulps=ulps)


def test_entries_that_are_wrong_in_other_ways() -> None:
    spoilt = TABLE.copy()
    zero = tuple(np.argwhere(TABLE == 0)[500].tolist())
    nonzero = [tuple(place) for place in np.argwhere(TABLE)[[9, 10, 11]].tolist()]
    spoilt[zero], spoilt[nonzero[0]], spoilt[nonzero[1]] = 0.25, np.nan, np.inf
    spoilt[nonzero[2]] = np.nextafter(np.nextafter(spoilt[nonzero[2]], 1), 1)
    found = rt.audit(spoilt)
    assert found.counts.get("not finite") == 2
    assert found.counts.get("not zero") == 1
    strict = rt.audit(spoilt, ulps=0.5)
    assert {round(one.ulps) for one in strict.wrong if one.what == "value"} == {2}


@pytest.mark.parametrize("name", ["real", "e3nn@0.4", "e3nn@0.6"])
def test_values_outside_the_triangle_rule_are_wrong_too(name: str) -> None:
    degrees = (range(3), range(3), range(5))
    spoilt = rt.convert(dense("clebsch_gordan", 2, 4), "real", name, "clebsch_gordan", degrees)
    spoilt[0, 0, 20] = spoilt[0, 1, 12] = 0.5  # 0 x 0 -> 4, 0 x 1 -> 3
    found = rt.audit(spoilt, degrees=degrees)
    assert name in found.conventions
    assert [(one.path, one.what) for one in found.wrong] == [((0, 0, 4), "not zero"), ((0, 1, 3), "not zero")]


def test_a_table_that_reads_as_one_block_too() -> None:
    """Nine entries an axis: l = 4, or all degrees to 2."""
    small = rt.audit(dense("gaunt", 2, 2))
    assert small.holds
    assert small.blocks == 27
    large = rt.audit(rt.gaunt_array(4, 4, 4, basis="real").to_numpy())
    assert large.holds
    assert large.blocks == 1


def test_a_common_factor_is_named() -> None:
    found = rt.audit(dense("clebsch_gordan", 2, 3) * np.sqrt(3))
    assert found.exact_factor == rt.Surd.sqrt(3)
    assert not found.holds
    assert "times √3" in str(found)
    single = rt.audit(dense("gaunt", 2, 3, np.float32) * np.float32(np.sqrt(4 * np.pi)))
    assert single.exact_factor == rt.Surd.sqrt(4, pi_power=1)
    assert not any(name.endswith(("/component", "/norm")) for name in single.conventions)
    component = rt.audit(dense("gaunt", 2, 3) * (4 * np.pi) ** 1.5)
    assert component.holds
    assert "e3nn@0.6/component" in component.conventions


def test_packages_are_told_apart_on_whole_tables() -> None:
    paths = [(a, b, c) for a in range(3) for b in range(3) for c in range(abs(a - b), a + b + 1)]
    for name in ("e3nn@0.4", "e3nn@0.6", "e3x", "real", "complex"):
        table = {
            path: rt.convert(
                rt.clebsch_gordan_array(*path, basis="real"), None, name, "clebsch_gordan"
            ).to_numpy()
            for path in paths
        }
        found = rt.audit(table)
        assert found.holds
        assert name in found.conventions
        assert len({"e3nn@0.4", "e3nn@0.6", "e3x", "real", "complex"} & set(found.conventions)) == 1


def test_a_named_convention_is_held_to() -> None:
    found = rt.audit(TABLE, "gaunt", convention="sympy/znm")
    assert found.conventions == ("sympy/znm",)
    assert set(found.counts) == {"sign"}
    assert all(sum(m < 0 or m % 2 for m in one.orders) % 2 for one in found.wrong)


def test_a_named_convention_may_be_a_variant_and_must_have_couplings() -> None:
    table = {(1, 3, 3): rt.convert(rt.wigner_3j_array(1, 3, 3), None, "e3nn@0.4", "wigner_3j").to_numpy()}
    assert rt.audit(table, convention="e3nn@0.4/component").holds
    assert not rt.audit(table, convention="e3nn@0.6").holds
    with pytest.raises(OperandError, match="no coupling coefficients"):
        rt.audit(table, "wigner_3j", convention="sphericart")


def test_a_negated_table_and_a_table_of_noise() -> None:
    negated = rt.audit(-TABLE)
    assert negated.factor == -1.0
    assert negated.nearest == negated.entries
    noise = rt.audit(np.random.default_rng(0).normal(size=(9, 9, 9)))
    assert "most entries are wrong" in str(noise)


def sparse_rows() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    table = rt.build_table("gaunt", 2)
    return table.index.astype(np.int64), table.float64


def written(folder: Path) -> dict[str, Path]:
    """The same table in every layout and file format."""
    blocks = {
        f"w3j_{a}_{b}_{c}": rt.gaunt_array(a, b, c, basis="real").to_numpy()
        for a, b, c in itertools.product(range(3), repeat=3)
        if abs(a - b) <= c <= a + b
    }
    index, values = sparse_rows()
    files = {name: folder / f"table{name}" for name in (".npy", ".npz", ".json", ".safetensors")}
    np.save(files[".npy"], dense("gaunt", 2, 4))
    np.savez_compressed(files[".npz"], **blocks)  # type: ignore[arg-type]
    files[".json"].write_text(json.dumps({"index": index.tolist(), "values": values.tolist()}))
    header, body = {}, b""
    for name, block in blocks.items():
        header[name] = {
            "dtype": "F64", "shape": list(block.shape), "data_offsets": [len(body), len(body) + block.nbytes]
        }  # fmt: skip
        body += np.ascontiguousarray(block).tobytes()
    text = json.dumps(header).encode()
    files[".safetensors"].write_bytes(struct.pack("<Q", len(text)) + text + body)
    names = ("l1", "l2", "l3", "m1", "m2", "m3", "value")
    lines = [[*row, value] for row, value in zip(index.tolist(), values.tolist(), strict=True)]
    files["records"], files["nested"] = folder / "records.json", folder / "nested.json"
    files["records"].write_text(json.dumps([dict(zip(names, line, strict=True)) for line in lines]))
    nested = {"gaunt": {name: block.tolist() for name, block in blocks.items()}, "of": "somebody"}
    files["nested"].write_text(json.dumps(nested))
    files["rows"] = folder / "rows.npy"
    np.save(files["rows"], np.column_stack([index, values]))
    files["sparse"] = folder / "sparse.npz"
    np.savez(files["sparse"], index=index, value=values.astype(np.float32))
    return files


def test_blocks_with_the_other_sign_are_named() -> None:
    """Two versions of e3nn choose the signs of paths in two ways."""
    older: dict[Any, Any] = {}
    opposite = []
    for path in itertools.product(range(4), repeat=3):
        if abs(path[0] - path[1]) <= path[2] <= path[0] + path[1]:
            ours = rt.wigner_3j_array(*path)
            older[path] = rt.convert(ours, None, "e3nn@0.4", "wigner_3j").to_numpy()
            if not np.allclose(rt.convert(ours, None, "e3nn@0.6", "wigner_3j").to_numpy(), older[path]):
                opposite.append(path)
    found = rt.audit(older, "wigner_3j", convention="e3nn@0.6")
    assert found.negated == tuple(opposite)
    assert opposite[:2] == [(1, 2, 2), (1, 3, 3)]
    assert f"{len(opposite)} blocks have the other sign throughout: (1, 2, 2), (1, 3, 3)," in str(found)
    older[0, 1, 1][0, 0, 0] *= -1  # one entry is no block
    assert rt.audit(older, "wigner_3j", convention="e3nn@0.6").negated == tuple(opposite)


def test_numbers_that_differ_are_written_differently() -> None:
    table = {(1, 1, 2): rt.gaunt_array(1, 1, 2, basis="real").to_numpy().copy()}
    place = tuple(int(axis[0]) for axis in np.nonzero(table[1, 1, 2]))
    table[1, 1, 2][place] *= 1 + 1e-13
    (line,) = map(str, rt.audit(table).wrong)
    found, expected = line.partition(": ")[2].split(" (")[0].split(", should be ")
    assert (float(found), float(expected)) == (
        rt.audit(table).wrong[0].found,
        rt.audit(table).wrong[0].expected,
    )


def test_every_format_and_layout_is_read(tmp_path: Path) -> None:
    for name, path in written(tmp_path).items():
        found = rt.audit(path)
        assert found.holds, (name, str(found))
        assert found.kind == "gaunt"
        assert found.nearest == found.entries
        assert found.blocks >= 11, name


@pytest.mark.parametrize("form", ["json", "safetensors"])
@pytest.mark.parametrize("kind", ["gaunt", "wigner_3j", "real_wigner_3j"])
def test_our_own_exports_are_read(form: str, kind: str, tmp_path: Path) -> None:
    """Labels that stand doubled are halved: two_j = 2 is degree 1, two_j = 1 a spin."""
    table = rt.build_table(kind, 1)
    for path in (table.save(tmp_path / "t.npz"), rt.export_table(table, tmp_path / f"t.{form}", form)):
        found = rt.audit(path)
        assert found.holds, str(found)
        assert found.kind == kind.removeprefix("real_")
        assert found.conventions[0] == ("complex" if kind == "wigner_3j" else "real")
        assert (found.blocks, found.entries) == {"gaunt": (5, 73), "wigner_3j": (14, 196)}.get(kind, (6, 100))


@pytest.mark.parametrize("target", ["complex", "e3nn@0.4"])
def test_what_convert_wrote_is_read(target: str, tmp_path: Path) -> None:
    from reptheory.build.convert_files import convert_file  # noqa: PLC0415

    rt.build_table("real_wigner_3j", 2).save(tmp_path / "t.npz")
    path, _ = convert_file(tmp_path / "t.npz", None, target, None, tmp_path / "t.json")
    found = rt.audit(path)
    assert (found.kind, found.nearest) == ("real_wigner_3j", found.entries)
    assert target in found.conventions


def test_pytorch_files_are_read_with_weights_only(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    path = tmp_path / "table.pt"
    torch.save(
        {"cg": {"1,1,2": torch.tensor(rt.gaunt_array(1, 1, 2, basis="real").to_numpy("float32"))}}, path
    )
    assert rt.audit(path).holds

    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "touched",)

    torch.save({"cg": Evil()}, path)
    with pytest.raises(OperandError, match="PyTorch refuses"):
        rt.audit(path)
    assert not (tmp_path / "touched").exists()


def test_without_pytorch_its_files_are_refused_in_one_line(tmp_path: Path, monkeypatch: Any) -> None:
    import sys  # noqa: PLC0415

    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / "table.pt").write_bytes(b"PK")
    with pytest.raises(StoreError, match="needs PyTorch"):
        rt.audit(tmp_path / "table.pt")


def npy(header: str, body: bytes = b"") -> bytes:
    text = header.encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


HOSTILE = {
    "pickle.npy": npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"\x80\x04]."),
    "bomb.npy": npy("{'descr': '<f8', 'fortran_order': False, 'shape': (99999, 99999, 9999), }", b"0" * 80),
    "short.npy": npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 3, 3), }", b"0" * 8),
    "negative.npy": npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-3, 3, 3), }", b"0" * 80),
    "open.npy": npy("{'descr': ('<f8', 'fortran_order': False, 'shape': (1,), }", b"0" * 8),
    "indented.npy": npy(" {'descr': '<f8', 'fortran_order': False, 'shape': (1,)", b"0" * 8),
    "text.npy": b"hello",
    "empty.npy": b"",
    "text.npz": b"hello",
    "text.json": b"hello",
    "nan.json": b"[[[NaN]]]",
    "deep.json": b"[" * 100_000,
    "number.json": b"3",
    "empty.safetensors": b"",
    "long.safetensors": struct.pack("<Q", 2**60) + b"{}",
    "outside.safetensors": struct.pack("<Q", 65)
    + b'{"a":{"dtype":"F64","shape":[9,9,9],"data_offsets":[0,5832]}}    ',
    "lying.safetensors": struct.pack("<Q", 62)
    + b'{"a":{"dtype":"F64","shape":[9,9,9],"data_offsets":[0,8]}}    '
    + b"0" * 8,
    "list.safetensors": struct.pack("<Q", 4) + b"[1] ",
    "words.safetensors": struct.pack("<Q", 8) + b'{"a":1} ',
    "ragged.json": b"[[1, 2], [3]]",
    "records.json": b'[{"l1": 0, "value": 1}, {"l1": 1}]',
    "rows.json": b'{"columns": ["a"], "manifest": {"index_names": ["a", "b"]}, "rows": [[1]]}',
    "no-manifest.json": b'{"columns": ["a"], "manifest": 3, "rows": [[1]]}',
    "zero.json": b'{"kind": "gaunt", "convention": {}, "blocks": {"a": {"shape": [1, 1, 1], '
    b'"index": [[0, 0, 0]], "numerator": [1], "denominator": [0], "i_power": [0], "pi_power": 0}}}',
    "bomb.json": b'{"kind": "gaunt", "convention": {}, "blocks": {"a": {"shape": [99999, 99999, 9999], '
    b'"index": [], "numerator": [], "denominator": [], "i_power": [], "pi_power": 0}}}',
    "metadata.safetensors": struct.pack("<Q", 36) + b'{"__metadata__":{"reptheory":"[1]"}}',
    "unknown.txt": b"1 2 3",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_and_broken_files_get_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(HOSTILE[name])
    with pytest.raises((OperandError, TooLarge)) as caught:
        rt.audit(tmp_path / name)
    message = str(caught.value)
    assert name in message or "audit: found" in message
    assert name != "bomb.npy" or "promises" in message  # refused before anything is read
    assert "\n" not in message


def test_zip_bombs_and_doubled_members_are_refused(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "table.npz"
    np.savez_compressed(path, a=np.zeros((101, 101, 101)))
    with monkeypatch.context() as patch:
        patch.setattr(foreign_files, "MOST_BYTES", 100_000)
        with pytest.raises(TooLarge, match="unpacks to 8242536"):
            rt.audit(path)
    body = npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1, 1), }", b"0" * 8)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", body)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.npy", body)
    with pytest.raises(OperandError, match="twice"):
        rt.audit(path)
    with pytest.raises(StoreError, match="cannot be opened"):
        rt.audit(tmp_path / "missing.npz")


def test_random_damage_never_escapes(tmp_path: Path) -> None:
    """Whatever bytes are there: an answer, or one of our errors."""
    draw = np.random.default_rng(12)
    for name, path in written(tmp_path).items():
        data = bytearray(path.read_bytes())
        for _ in range(12):
            damaged = bytearray(data)
            for place in draw.integers(0, min(len(data), 600), size=3):
                damaged[place] = draw.integers(256)
            path.write_bytes(damaged[: len(data) if draw.random() < 0.5 else draw.integers(len(data))])
            try:
                rt.audit(path, "gaunt", convention="real")
            except (OperandError, TooLarge, StoreError):
                continue
            except Exception as error:  # anything else is a fault
                pytest.fail(f"{name}: {type(error).__name__}: {error}")


def test_arrays_without_couplings_are_refused() -> None:
    with pytest.raises(OperandError, match="found no coupling tensors in array"):
        rt.audit(np.zeros((3, 3)))
    with pytest.raises(OperandError, match="pass numbers"):
        rt.audit(np.array(["a"]))
    with pytest.raises(OperandError, match="found no coupling tensors in index"):
        rt.audit({"index": np.array([[1, 1, 1, 2, 0, 0]]), "values": np.full(1, 0.3)})
    with pytest.raises(OperandError, match="differ in length"):
        rt.audit({"index": np.array([[1, 1, 1, 0, 0, 0]]), "values": np.ones(2)})


def test_masked_arrays_are_refused() -> None:
    masked = np.ma.masked_equal(rt.clebsch_gordan_array(1, 1, 1, basis="real").to_numpy(), 0)
    with pytest.raises(OperandError, match=r"^table: got a masked array"):
        rt.audit(masked)
    with pytest.raises(OperandError, match=r"^table\[\(1, 1, 1\)\]: got a masked array"):
        rt.audit({(1, 1, 1): masked})


def test_tables_of_this_package_are_read_as_they_are() -> None:
    found = rt.audit(rt.build_table("clebsch_gordan", 2, basis="real"))
    assert found.holds
    assert (found.kind, found.nearest) == ("clebsch_gordan", found.entries)
