"""The file: same bytes for the same table, readable by others, and no damaged file is taken for a table."""

import hashlib
import io
import json
import pickle
import zipfile
import zlib
from dataclasses import replace

import numpy as np
import pytest

from reptheory.errors import ReptheoryError, StoreError, TableCorrupt, TableMismatch
from reptheory.tables import archive
from reptheory.tables import table as module
from reptheory.tables.archive import ArraySpec
from reptheory.tables.format import canonical
from reptheory.tables.table import read_table


@pytest.fixture
def data(table, tmp_path):
    return table.save(tmp_path / "table.npz").read_bytes()


def read_bytes(data, tmp_path):
    path = tmp_path / "damaged.npz"
    path.write_bytes(data)
    return read_table(path)


def with_manifest(table, change):
    """Write the archive with an altered manifest and everything else, checksums too, consistent with it."""
    manifest = json.loads(canonical(table.manifest))
    altered = change(manifest)
    raw = altered if isinstance(altered, bytes) else canonical(manifest if altered is None else altered)
    stream = io.BytesIO()
    specs = table.header.specs
    arrays = [
        np.ascontiguousarray(array, dtype=spec.dtype)
        for array, spec in zip(table._arrays, specs, strict=True)
    ]
    archive.write(stream, raw, list(zip(specs, arrays, strict=True)))
    return stream.getvalue()


def test_bytes_are_those_recorded(data):
    # Recorded once; a change here breaks every table that exists, and needs a new FORMAT_VERSION.
    assert (
        hashlib.sha256(data).hexdigest() == "a8fa767bf2be45e68bd7946c22a592b809570a8aa555708af61ddee9475fc637"
    )


def test_round_trip(table, data, tmp_path):
    again = read_bytes(data, tmp_path)
    assert again == table
    assert again.fingerprint == table.fingerprint
    for ours, theirs in zip(table._arrays, again._arrays, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
        assert not theirs.flags.writeable
        assert theirs.flags.aligned


def test_numpy_and_zipfile_read_it(table, data):
    with np.load(io.BytesIO(data)) as loaded:
        assert loaded.files[0] == "manifest.json"
        np.testing.assert_array_equal(loaded["index"], table.index)
        np.testing.assert_array_equal(loaded["float64"], table.float64)
        assert json.loads(loaded["manifest.json"]) == table.manifest
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        for info in opened.infolist():
            assert info.compress_type == zipfile.ZIP_STORED
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert not info.extra


def test_byte_order_and_layout_of_the_arrays_do_not_matter(table, data, tmp_path):
    swapped = replace(
        table,
        index=np.asfortranarray(table.index.astype(">i4")),
        float64=table.float64.astype(">f8"),
        numerator=table.numerator.astype(">u8"),
    )
    assert swapped.save(tmp_path / "swapped.npz").read_bytes() == data


def test_header_is_what_numpy_writes_in_essence():
    spec = ArraySpec("index", "<i4", (3, 2))
    stream = io.BytesIO(spec.header + np.arange(6, dtype="<i4").tobytes())
    np.testing.assert_array_equal(np.load(stream, allow_pickle=False), np.arange(6).reshape(3, 2))
    assert len(spec.header) % 64 == 0


def read_memory(data):
    """Read from memory what `read_table` reads from a file, thousands of times a second."""
    return module._read(io.BytesIO(data), len(data), None)


def test_every_flipped_bit_is_found(data, tmp_path):
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        with pytest.raises((TableCorrupt, TableMismatch)) as caught:
            read_memory(bytes(flipped))
        assert "\n" not in str(caught.value)
        if place % 100 == 0:
            with pytest.raises((TableCorrupt, TableMismatch)):
                read_bytes(flipped, tmp_path)


def test_every_truncation_is_found(data, tmp_path):
    for length in range(len(data)):
        with pytest.raises(TableCorrupt):
            read_memory(data[:length])
    for length in (0, 1, 100, len(data) - 1):
        with pytest.raises(TableCorrupt):
            read_bytes(data[:length], tmp_path)


@pytest.mark.parametrize("tail", [b"\0", b"PK\x05\x06", b"x" * 1000])
def test_a_longer_file_is_refused(data, tail, tmp_path):
    with pytest.raises(TableCorrupt):
        read_bytes(data + tail, tmp_path)
    with pytest.raises(TableCorrupt):
        read_bytes(tail + data, tmp_path)


def rezip(data, change, compression=zipfile.ZIP_STORED):
    """Unpack, let `change` alter the list of (name, bytes), and zip again."""
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        members = change([(info.filename, opened.read(info)) for info in opened.infolist()])
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as target:
        for name, content in members:
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, compression)
    return stream.getvalue()


def pickled():
    stream = io.BytesIO()
    np.save(stream, np.array([print, None], dtype=object), allow_pickle=True)
    return stream.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        lambda members: [*members, members[1]],
        lambda members: [members[0], members[1], *members[1:]],
        lambda members: members[:-1],
        lambda members: [members[0], *reversed(members[1:])],
        lambda members: members[1:] + members[:1],
        lambda members: [(f"../{name}", content) for name, content in members],
        lambda members: [members[0], ("/etc/index.npy", members[1][1]), *members[2:]],
        lambda members: [*members, ("extra.txt", b"hello")],
        lambda members: [members[0], ("index.npy", pickled()), *members[2:]],
        lambda members: [*members, ("code.pkl", pickle.dumps(print))],
        lambda _: [],
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_other_archives_are_refused(data, change, tmp_path):
    with pytest.raises(TableCorrupt):
        read_bytes(rezip(data, change), tmp_path)


def test_compressed_members_are_refused_so_that_nothing_unpacks(data, tmp_path):
    bomb = rezip(data, lambda members: [members[0], ("index.npy", bytes(50_000_000))], zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    with pytest.raises(TableCorrupt):
        read_bytes(bomb, tmp_path)


def test_a_lying_header_allocates_nothing(table, tmp_path, monkeypatch):
    def change(manifest):
        rows = 1 << 40
        manifest["rows"] = rows
        for entry in manifest["arrays"].values():
            entry["shape"][0] = rows

    monkeypatch.setattr(archive.np, "empty", None)
    with pytest.raises(TableCorrupt, match="where its manifest promises"):
        read_bytes(with_manifest(table, change), tmp_path)


def test_a_manifest_length_beyond_the_file_is_refused(data, tmp_path):
    for length in (0, 1 << 17, 0xFFFFFFFF):
        raw = length.to_bytes(4, "little")
        with pytest.raises(TableCorrupt, match="manifest"):
            read_bytes(data[:18] + raw + raw + data[26:], tmp_path)


def put(*path, value):
    def change(manifest):
        inner = manifest
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = value

    return change


def smaller(manifest):
    manifest["parameters"]["lmax"] = 0
    manifest["generator"]["command"] = manifest["generator"]["command"].replace("lmax 1", "lmax 0")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (put("version", value=1), TableMismatch, "format version 1"),
        (put("format", value="parquet"), TableCorrupt, "parquet"),
        (put("kind", value="magic"), TableMismatch, "magic"),
        (put("parameters", "basis", value="real"), TableMismatch, "basis"),
        (put("parameters", "lmax", value=-1), TableMismatch, "lmax"),
        (put("parameters", "lmax", value=True), TableMismatch, "lmax"),
        (put("parameters", "lmax", value=0), TableCorrupt, "contradict"),
        (smaller, TableCorrupt, "outside"),
        (put("generator", "command", value="rm -r /"), TableCorrupt, "contradict"),
        (put("parameters", "lmax", value=1.0), TableCorrupt, "contradict"),
        (put("parameters", "extra", value=1), TableCorrupt, "parameters"),
        (put("convention", "phase", value="none"), TableMismatch, "convention"),
        (put("convention", "fingerprint", value="0" * 64), TableMismatch, "convention"),
        (put("rows", value=2), TableCorrupt, "contradict"),
        (put("rows", value="3"), TableCorrupt, "wrong type"),
        (put("rows", value=True), TableCorrupt, "wrong type"),
        (put("exact", "pi_power", value=0), TableCorrupt, "exact"),
        (put("arrays", "float64", "dtype", value="|O"), TableCorrupt, "arrays"),
        (put("arrays", "float64", "dtype", value=">f8"), TableCorrupt, "arrays"),
        (put("arrays", "float64", "sha256", value="0" * 64), TableCorrupt, "SHA-256"),
        (put("arrays", "float64", "sha256", value="X"), TableCorrupt, "wrong type"),
        (put("arrays", "numerator", "shape", value=[]), TableCorrupt, "missing"),
        (put("arrays", value=None), TableCorrupt, "missing"),
        (put("index_names", value=["l", "u", "m"]), TableCorrupt, "index_names"),
        (put("generator", "version", value=10**30), TableCorrupt, "wrong type"),
        (put("note", value="hello"), TableCorrupt, "note"),
        (lambda _: b"", TableCorrupt, "manifest"),
        (lambda manifest: json.dumps(manifest).encode(), TableCorrupt, "canonical"),
        (lambda _: b"[" * 60_000, TableCorrupt, "canonical"),
        (lambda _: b'{"rows":NaN}\n', TableCorrupt, "canonical"),
        (lambda _: b'{"a":' + b"9" * 5000 + b"}\n", TableCorrupt, "canonical"),
        (lambda _: b"[1]\n", TableCorrupt, "canonical"),
        (lambda _: '{"é":1}\n'.encode(), TableCorrupt, "canonical"),
    ],
)
def test_every_statement_of_the_manifest_is_checked(table, change, error, words, tmp_path):
    with pytest.raises(error, match=words) as caught:
        read_bytes(with_manifest(table, change), tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("index", [[0, 0, 0], [0, 0, 0], [1, 1, 1]]),
        ("index", [[1, 0, 1], [0, 0, 0], [1, 1, 1]]),
        ("index", [[0, 0, 0], [1, 0, 1], [2, 1, 1]]),
        ("index", [[-1, 0, 0], [1, 0, 1], [1, 1, 1]]),
        ("index", [[0, 1, 0], [1, 0, 1], [1, 1, 1]]),
        ("index", [[0, 0, 0], [1, 0, 2], [1, 1, 1]]),
        ("float64", [0.3, np.nan, -0.3]),
        ("float64", [np.inf, 0.5, -0.3]),
        ("float32", [0.3, 0.5, 0.3]),
        ("sign", [1, 0, -1]),
        ("sign", [1, -128, -1]),
        ("numerator", [[1], [0], [3]]),
        ("denominator", [[4], [4], [0]]),
    ],
)
def test_impossible_contents_with_right_hashes_are_refused(table, name, value, tmp_path):
    array = np.array(value, dtype=getattr(table, name).dtype)
    path = replace(table, **{name: array}).save(tmp_path / "wrong.npz")
    with pytest.raises(TableCorrupt):
        read_table(path)


def test_an_empty_table_has_a_file(table, tmp_path):
    columns = ("index", "float64", "float32", "sign", "numerator", "denominator")
    empty = replace(table, **{name: getattr(table, name)[:0] for name in columns})
    assert len(read_table(empty.save(tmp_path / "empty.npz"))) == 0


def test_large_archives_have_zip64_fields_and_open_everywhere(table, tmp_path, monkeypatch):
    small = table.save(tmp_path / "small.npz").read_bytes()
    monkeypatch.setattr(archive, "_MOST", len(small) - 1)
    path = table.save(tmp_path / "wide.npz")
    data = path.read_bytes()
    assert len(data) == archive.archive_size(len(table.header.encoded), table.header.specs) > len(small)
    assert b"PK\x06\x06" in data
    with zipfile.ZipFile(path) as opened, np.load(path) as arrays:
        assert opened.testzip() is None
        assert opened.read("manifest.json") == table.header.encoded
        for spec in table.header.specs:
            np.testing.assert_array_equal(arrays[spec.name], getattr(table, spec.name))
    assert read_table(path) == table
    for place in range(0, len(data), 19):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        with pytest.raises((TableCorrupt, TableMismatch)):
            read_table(path)
    monkeypatch.undo()
    path.write_bytes(data)
    with pytest.raises(TableCorrupt, match="promises"):  # a small table has one spelling
        read_table(path)


@pytest.mark.parametrize("size", [(1 << 32) - 1, 1 << 32])
def test_zip64_fields_begin_where_ordinary_ones_end(size):
    plain = archive.archive_size(0, [ArraySpec("x", "|u1", (0,))])
    spec = ArraySpec("x", "|u1", (size - plain,))
    grown = len(spec.header) - len(ArraySpec("x", "|u1", (0,)).header)
    assert grown == 0
    extra = 20 + 28 + 56 + 20 if size == 1 << 32 else 0
    assert archive.archive_size(0, [spec]) == size + extra


def test_a_crc_is_not_enough(table, data, tmp_path):
    # Change a value and repair its CRC in both zip headers: only the SHA-256 is left to notice.
    raw = table.float64.tobytes()
    at = data.index(raw)
    altered = bytearray(data)
    altered[at] ^= 1
    header = ArraySpec("float64", "<f8", (3,)).header
    before = zlib.crc32(header + raw).to_bytes(4, "little")
    after = zlib.crc32(header + bytes(altered[at : at + 24])).to_bytes(4, "little")
    assert data.count(before) == 2
    with pytest.raises(TableCorrupt, match="SHA-256"):
        read_bytes(bytes(altered).replace(before, after), tmp_path)


def test_errors_name_the_file(tmp_path):
    path = tmp_path / "not-a-table.npz"
    path.write_bytes(b"hello")
    with pytest.raises(TableCorrupt, match="not-a-table"):
        read_table(path)
    with pytest.raises(StoreError, match="absent"):
        read_table(tmp_path / "absent.npz")
    assert issubclass(TableCorrupt, ReptheoryError)


def test_an_npy_header_that_lies_with_right_checksums_is_refused(table, data, tmp_path):
    header = ArraySpec("float64", "<f8", (3,)).header
    lying = header.replace(b"(3,)", b"(9,)")
    raw = table.float64.tobytes()
    before, after = (zlib.crc32(text + raw).to_bytes(4, "little") for text in (header, lying))
    assert data.count(before) == 2
    with pytest.raises(TableCorrupt, match="npy header"):
        read_bytes(data.replace(before, after).replace(header, lying), tmp_path)
