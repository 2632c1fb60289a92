"""Exporters: every format read back by the consumer it is for, to the last bit and the last digit."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser
from sympy.parsing.mathematica import parse_mathematica
from table_keys import digest_of_everything, installed_formats

from reptheory.build.export import FORMATS, export_table
from reptheory.build.exporters.people import latex_value
from reptheory.build.exporters.provenance import identifier, provenance_json, provenance_lines
from reptheory.build.library import build_table
from reptheory.build.proof import entry_surd
from reptheory.errors import LabelError, StoreError

ROOT = Path(__file__).parents[2]
TABLES = {
    "real": lambda: build_table("gaunt", 2),
    "halves": lambda: build_table("wigner_3j", 2),
    "imaginary": lambda: build_table("fourier_from_harmonics", 3),
    "limbs": lambda: build_table("theta_projection", 10, band_limit=20),
    "one": lambda: build_table("gaunt", 0),
    "empty": lambda: build_table("cartesian_tensor", formula="ij=ji=-ij"),
}


@pytest.fixture(params=list(TABLES))
def table(request):
    return TABLES[request.param]()


def stored(table):
    """Return every array of a table by name."""
    names = [spec.name for spec in table.header.specs]
    return {name: getattr(table, name) for name in names}


def assert_same_bits(found, expected):
    assert sorted(found) == sorted(expected)
    for name, array in expected.items():
        assert found[name].shape == array.shape, name
        assert found[name].astype(array.dtype).tobytes() == array.tobytes(), name


def assert_provenance(text, table):
    for line in provenance_lines(table):
        assert line in text


def test_the_tables_exercise_what_can_go_wrong():
    assert len(TABLES["empty"]()) == 0
    limbs = TABLES["limbs"]()
    assert limbs.denominator.shape[1] > 1
    assert max(limbs.numerator.max(), limbs.denominator.max()) >= 1 << 63
    assert TABLES["imaginary"]().i_power is not None


def test_safetensors(table, tmp_path):
    safetensors = pytest.importorskip("safetensors")
    arrays = pytest.importorskip("safetensors.numpy")
    path = export_table(table, tmp_path / "x.safetensors", "safetensors")
    found = arrays.load_file(path)
    assert_same_bits(found, stored(table))
    with safetensors.safe_open(path, "numpy") as file:
        assert file.metadata() == {"reptheory": provenance_json(table)}
    assert path.read_bytes() == arrays.save(found, {"reptheory": provenance_json(table)})


def test_parquet(table, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    found = parquet.read_table(export_table(table, tmp_path / "x.parquet", "parquet"))
    assert found.schema.metadata[b"reptheory"].decode() == provenance_json(table)
    for number, name in enumerate(table.index_names):
        assert found[name].to_pylist() == table.index[:, number].tolist()
    for name in ("float64", "float32"):
        assert found[name].to_numpy().tobytes() == getattr(table, name).tobytes()
    entries = [table.row(row) for row in range(len(table))]
    for name in ("numerator", "denominator", "sign", "i_power"):
        assert [int(value) for value in found[name].to_pylist()] == [getattr(one, name) for one in entries]


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(StoreError, match=r"reptheory\[parquet\]"):
        export_table(build_table("gaunt", 0), tmp_path / "x.parquet", "parquet")
    assert not list(tmp_path.glob("*"))


def assert_named_rows(rows, table):
    """Compare rows of text by column name with a table."""
    rows = list(rows)
    assert len(rows) == len(table)
    for number, row in enumerate(rows):
        entry = table.row(number)
        assert [int(row[name]) for name in table.index_names] == table.index[number].tolist()
        for name in ("sign", "numerator", "denominator", "i_power"):
            assert int(row[name]) == getattr(entry, name)
        assert float(row["float64"]).hex() == entry.float64.hex()
        assert np.float32(row["float32"]) == np.float32(entry.float32)


def test_csv(table, tmp_path):
    text = export_table(table, tmp_path / "x.csv", "csv").read_text("ascii")
    assert_provenance(text, table)
    body = [line for line in text.splitlines() if not line.startswith("#")]
    assert_named_rows(csv.DictReader(body), table)
    if len(table) > 1:
        place, above = body[0].split(",").index("float64"), len(text.splitlines()) - len(table)
        read = np.loadtxt(io.StringIO(text), delimiter=",", skiprows=above, usecols=place)
        assert read.tobytes() == table.float64.tobytes()


def test_json(table, tmp_path):
    data = json.loads(export_table(table, tmp_path / "x.json", "json").read_text("ascii"))
    assert data["manifest"] == table.manifest
    assert data["provenance"]["fingerprint"] == table.fingerprint
    assert data["provenance"]["command"] == table.key.command
    assert_named_rows((dict(zip(data["columns"], row, strict=True)) for row in data["rows"]), table)


def compiler(*names):
    for name in names:
        if shutil.which(name):
            done = subprocess.run([name, "--version"], capture_output=True, check=False, timeout=60)
            if done.returncode == 0:  # a stub of rustup without a toolchain is no compiler
                return name
    return pytest.skip(f"no {names[0]} on this machine")


def run(*command, **settings):
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, check=False, timeout=120, **settings
    )
    assert done.returncode == 0, done.stderr.decode()[:2000]
    return done.stdout


def split(raw, table, kinds=None):
    """Cut a stream of arrays, as a compiled program wrote them, into arrays."""
    bits = re.search(r"int(\d+)", kinds or "int32").group(1)
    found, offset = {}, 0
    for spec in table.header.specs:
        dtype = np.dtype(f"i{int(bits) // 8}") if spec.name == "index" else np.dtype(spec.dtype)
        count = int(np.prod(spec.shape))
        found[spec.name] = np.frombuffer(raw, dtype, count, offset).reshape(spec.shape)
        offset += count * dtype.itemsize
    assert offset == len(raw)
    return found


C_PROGRAM = """
#include <stdio.h>
#include "x.h"
int main(void) {{
    {writes}
    return !({upper}_ROWS == {rows} && {upper}_PI_POWER == {pi_power} && {upper}_LABELS == {labels});
}}
"""


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("gcc", ["-std=c99", "-Wall", "-Wextra", "-pedantic"]),
        ("g++", ["-std=c++17", "-x", "c++", "-Wall", "-pedantic"]),
        ("gcc", ["-std=c99", "-D__CUDACC__", "-D__constant__=", "-D__device__="]),
    ],
)
def test_c_header(table, tmp_path, name, flags):
    text = export_table(table, tmp_path / "x.h", "c").read_text("ascii")
    assert_provenance(text, table)
    prefix = identifier(table.key)
    size = f"(size_t){prefix.upper()}_ROWS"
    writes = "\n".join(
        f"if ({size}) fwrite({prefix}_{spec.name}, sizeof {prefix}_{spec.name}[0], {size}, stdout);"
        for spec in table.header.specs
    )
    upper, labels = prefix.upper(), len(table.index_names)
    (tmp_path / "main.c").write_text(
        C_PROGRAM.format(writes=writes, upper=upper, rows=len(table), pi_power=table.pi_power, labels=labels)
    )
    run(compiler(name), "-Werror", *flags, tmp_path / "main.c", "-o", tmp_path / "main")
    kinds = re.search(rf"(int\d+)_t {prefix}_index", text).group(1)
    assert_same_bits(split(run(tmp_path / "main"), table, kinds), stored(table))


def test_cuda_header_is_the_c_header(table, tmp_path):
    one, other = (export_table(table, tmp_path / form, form).read_bytes() for form in ("c", "cuda"))
    assert one == other


@pytest.mark.parametrize(("lmax", "place"), [(2, "__constant__"), (5, "__device__")])
def test_cuda_arrays_beyond_64_kib_are_not_constant(lmax, place, tmp_path):
    table = build_table("gaunt", lmax)
    text = export_table(table, tmp_path / "x.cuh", "cuda").read_text("ascii")
    under_cuda = text[text.index("#ifdef __CUDACC__") :].splitlines()[1]
    assert under_cuda.endswith(f"_STORAGE static {place} const")
    taken = sum(array.nbytes for name, array in stored(table).items() if name != "index")
    assert (taken + table.index.size <= 65536) == (place == "__constant__")  # labels are int8


def test_cuda_compiles_to_constant_memory(tmp_path):
    clang = compiler("clang", *(f"clang-{version}" for version in range(14, 22)))
    table = build_table("gaunt", 2)
    export_table(table, tmp_path / "x.cuh", "cuda")
    prefix = identifier(table.key)
    (tmp_path / "kernel.cu").write_text(
        "#define __CUDACC__ 1\n#define __constant__ __attribute__((constant))\n"
        "#define __device__ __attribute__((device))\n#define __global__ __attribute__((global))\n"
        f'#include "x.cuh"\n__global__ void get(double *out, int r) {{ *out = {prefix}_float64[r]; }}\n'
    )
    run(
        clang, "-x", "cuda", "--cuda-device-only", "--cuda-gpu-arch=sm_70", "-nocudainc", "-nocudalib", "-S",
        tmp_path / "kernel.cu", "-o", tmp_path / "kernel.ptx",
    )  # fmt: skip
    ptx = (tmp_path / "kernel.ptx").read_text()
    (values,) = re.findall(r"\.const \.align 8 \.b8 \w*float64\w*\[\d+\] = \{([^}]*)\}", ptx)
    assert bytes(int(value) for value in values.split(",")) == table.float64.tobytes()


@pytest.mark.parametrize("name", ["limbs", "imaginary"])
def test_cuda_by_its_own_compiler(name, tmp_path):
    nvcc, table = compiler("nvcc"), TABLES[name]()
    text = export_table(table, tmp_path / "x.cuh", "cuda").read_text("ascii")
    kinds = re.search(rf"(int\d+)_t {identifier(table.key)}_index", text).group(1)
    names = [spec.name for spec in table.header.specs]
    arrays = [f"{identifier(table.key)}_{name}" for name in names]
    reads = "\n".join(f"out[{k}] = ((const char *){array})[r];" for k, array in enumerate(arrays))
    (tmp_path / "kernel.cu").write_text(
        f'#include "x.cuh"\nextern "C" __global__ void read(volatile char *out, int r) {{ {reads} }}\n'
    )
    run(nvcc, "-cubin", "-arch=sm_80", tmp_path / "kernel.cu", "-o", tmp_path / "kernel.cubin")
    memory = (tmp_path / "kernel.cubin").read_bytes()
    for column, array in stored(table).items():
        assert (array.astype(kinds) if column == "index" else array).tobytes() in memory, column


def test_fortran_module(table, tmp_path):
    text = export_table(table, tmp_path / "x.f90", "fortran").read_text("ascii")
    assert_provenance(text, table)
    assert max(map(len, text.splitlines())) <= 132
    gfortran = compiler("gfortran")
    names = {"index": "labels", "sign": "signs"}
    writes = "\n".join(f"write (7) {names.get(spec.name, spec.name)}" for spec in table.header.specs)
    (tmp_path / "main.f90").write_text(
        f"program main\nuse {identifier(table.key)}\nimplicit none\n"
        f"if (n_rows /= {len(table)} .or. pi_power /= {table.pi_power}) error stop\n"
        f"open (7, file='out', access='stream', form='unformatted')\n{writes}\nclose (7)\nend program\n"
    )
    flags = ["-std=f2018", "-Wall", "-pedantic", "-Werror", "-Wno-error=surprising"]
    run(gfortran, *flags, "x.f90", "main.f90", "-o", "main", cwd=tmp_path)
    run(tmp_path / "main", cwd=tmp_path)
    kinds = re.search(r"integer\((int\d+)\), protected, save, public :: labels", text).group(1)
    assert_same_bits(split((tmp_path / "out").read_bytes(), table, kinds), stored(table))


def test_rust_module(table, tmp_path):
    text = export_table(table, tmp_path / "x.rs", "rust").read_text("ascii")
    assert_provenance(text, table)
    rustc = compiler("rustc")
    writes = []
    for spec in table.header.specs:
        name = spec.name.upper()
        if len(spec.shape) == 2:
            body = "for v in row { out.write_all(&v.to_le_bytes()).unwrap(); }"
            writes.append(f"for row in x::{name}.iter() {{ {body} }}")
        else:
            writes.append(f"for v in x::{name}.iter() {{ out.write_all(&v.to_le_bytes()).unwrap(); }}")
    (tmp_path / "main.rs").write_text(
        "use std::io::Write;\nmod x;\nfn main() {\n"
        f"assert_eq!((x::ROWS, x::PI_POWER), ({len(table)}, {table.pi_power}));\n"
        f"assert_eq!(x::LABELS, {json.dumps(list(table.index_names))});\n"
        "let mut out = std::io::stdout().lock();\n" + "\n".join(writes) + "\n}\n"
    )
    run(rustc, "-D", "warnings", tmp_path / "main.rs", "-o", tmp_path / "main")
    kinds = re.search(r"INDEX: \[\[i(\d+)", text).group(1)
    assert_same_bits(split(run(tmp_path / "main"), table, f"int{kinds}"), stored(table))


JULIA_TYPES = {"Int8": "i1", "Int16": "i2", "Int32": "i4", "UInt8": "u1", "UInt64": "u8",
               "Float64": "f8", "Float32": "f4"}  # fmt: skip


def test_julia_literals(table, tmp_path):
    """Parse the literals by the rules of Julia's manual; the next test runs Julia where there is one."""
    text = export_table(table, tmp_path / "x.jl", "julia").read_text("ascii")
    assert_provenance(text, table)
    found = {}
    for name, reshaped, kind, body, width in re.findall(
        r"^const (\w+) = (reshape\()?(\w+)\[\n(.*?)^\](?:, (\d+), :\))?$", text, re.MULTILINE | re.DOTALL
    ):
        words = [word.strip() for word in body.split(",") if word.strip()]
        if kind == "Float32":
            assert all(re.fullmatch(r"-?\d+(\.\d+)?f-?\d+", word) for word in words)
            values = [np.float32(word.replace("f", "e")) for word in words]
        elif kind == "Float64":
            assert all(
                re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", word) and re.search("[.e]", word) for word in words
            )
            values = [float(word) for word in words]
        elif kind == "UInt64":
            assert all(re.fullmatch(r"0x[0-9a-f]{16}", word) for word in words)  # 16 digits are a UInt64
            values = [int(word, 16) for word in words]
        else:
            values = [int(word) for word in words]
        array = np.array(values, dtype=JULIA_TYPES[kind])
        found[name] = array.reshape(-1, int(width)) if reshaped else array
    assert_same_bits(found, stored(table))


def test_julia_module(table, tmp_path):
    julia = compiler("julia")
    export_table(table, tmp_path / "x.jl", "julia")
    names = ", ".join(f"x.{spec.name}" for spec in table.header.specs)
    program = f'x = include("x.jl"); for a in ({names},) write(stdout, a) end'
    raw = run(julia, "-e", program, cwd=tmp_path)
    kinds = re.search(r"const index = reshape\((\w+)\[", (tmp_path / "x.jl").read_text()).group(1).lower()
    assert_same_bits(split(raw, table, kinds), stored(table))


@pytest.mark.parametrize("name", ["real", "halves", "imaginary", "one"])
def test_mathematica(name, tmp_path):
    table = TABLES[name]()
    text = export_table(table, tmp_path / "x.wl", "mathematica").read_text("ascii")
    assert_provenance(text, table)
    rows = re.findall(r"^\{(.*)\} -> (.*?),?$", text, re.MULTILINE)
    assert len(rows) == len(table)
    factor = 2 if table.index_names[0].startswith("two_") else 1
    for number in range(0, len(rows), max(1, len(rows) // 40)):
        labels, value = rows[number]
        doubled = [int(Fraction(label) * factor) for label in labels.split(", ")]
        assert doubled == table.index[number].tolist()
        assert parse_mathematica(value) == entry_surd(table.row(number)).to_sympy()


def latex_number(text):
    """Read one value of the LaTeX table: sign, whether it has the factor i, its square, its power of pi."""
    sign, unit, rest = re.fullmatch(r"(-?)(\\mathrm\{i\})?(.*)", text).groups()
    root = re.fullmatch(r"\\sqrt\{(.*)\}", rest)
    inside = root.group(1) if root else rest or "1"
    ratio = re.fullmatch(r"\\frac\{(.*)\}\{(.*)\}", inside)
    top, bottom = ratio.groups() if ratio else (inside, "1")
    power = top.endswith(r"\pi") - bottom.endswith(r"\pi")
    square = Fraction(int(top.removesuffix(r"\pi") or 1), int(bottom.removesuffix(r"\pi") or 1))
    return -1 if sign else 1, bool(unit), square if root else square**2, power


def test_latex(table, tmp_path):
    text = export_table(table, tmp_path / "x.tex", "latex").read_text("ascii")
    assert_provenance(text, table)
    rows = [line for line in text.splitlines() if line.startswith("$") and line.endswith(r"\\")]
    assert len(rows) == len(table)
    parser = MathTextParser("path")
    for number, line in enumerate(rows):
        cells = [cell.strip() for cell in line.removesuffix(r"\\").split("&")]
        entry = table.row(number)
        square = Fraction(entry.numerator, entry.denominator)
        expected = (entry.sign, bool(entry.i_power), square, entry.pi_power)
        assert latex_number(cells[-2].strip("$")) == expected
        assert float(cells[-1].strip("$").removesuffix(r"\,\mathrm{i}")) == entry.float64
        if number % 50 == 0:
            for cell in cells:
                parser.parse(cell)  # raises where this is no mathematics


def test_latex_document(table, tmp_path):
    export_table(table, tmp_path / "x.tex", "latex")
    (tmp_path / "main.tex").write_text(
        "\\documentclass{article}\\usepackage{longtable}\\begin{document}Table:\\input{x}\\end{document}\n"
    )
    latex = compiler("pdflatex")
    done = run(latex, "-halt-on-error", "-interaction=nonstopmode", "main.tex", cwd=tmp_path)
    assert b"Output written" in done


def test_latex_writes_roots_and_rationals_plainly():
    values = [build_table("clebsch_gordan", 1, basis="complex").lookup(*labels)
              for labels in [(1, 1, 2, 1, 1, 2), (1, 1, 2, 1, 0, 1), (1, 1, 0, 1, -1, 0)]]  # fmt: skip
    assert [latex_value(value) for value in values] == ["1", r"\sqrt{\frac{1}{2}}", r"\sqrt{\frac{1}{3}}"]


def test_markdown(table, tmp_path):
    text = export_table(table, tmp_path / "x.md", "markdown").read_text("utf-8")
    assert_provenance(text, table)
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == len(table)
    for number, line in enumerate(rows):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        entry = table.row(number)
        assert cells[-3] == repr(entry_surd(entry))
        assert float(cells[-2].removesuffix("i")).hex() == entry.float64.hex()
        assert np.float32(cells[-1].removesuffix("i")) == np.float32(entry.float32)


@pytest.mark.parametrize("form", [name for name, known in FORMATS.items() if known.selects])
def test_columns_can_be_left_out(form, tmp_path):
    if form == "parquet":
        pytest.importorskip("pyarrow")
    table = build_table("gaunt", 1)
    text = export_table(table, tmp_path / "x", form, columns=["float32"]).read_bytes().lower()
    body = text[text.rindex(b"written by") :] if b"written by" in text else text
    assert b"float32" in body
    if form not in {"safetensors", "parquet"}:
        assert b"numerator" not in body.replace(b"numerator[", b"")
        assert b"float64" not in body
    for wrong in (["float16"], []):
        with pytest.raises(LabelError, match="columns"):
            export_table(table, tmp_path / "x", form, columns=wrong)


@pytest.mark.parametrize("form", [name for name, known in FORMATS.items() if not known.selects])
def test_columns_of_other_formats_are_all(form, tmp_path):
    with pytest.raises(LabelError, match="every column"):
        export_table(build_table("gaunt", 1), tmp_path / "x", form, columns=["float64"])


@pytest.mark.parametrize(
    ("flags", "environment", "umask"),
    [
        ((), {"LANG": "C", "LC_ALL": "C", "TZ": "UTC+7", "OMP_NUM_THREADS": "1"}, 0o077),
        (("-O",), {"PYTHONHASHSEED": "1", "LANG": "tr_TR.UTF-8", "TZ": "Asia/Tokyo"}, 0o000),
        (("-X", "utf8=0"), {"PYTHONHASHSEED": "77", "LC_ALL": "de_DE", "NUMBA_NUM_THREADS": "2"}, 0o022),
    ],
)
def test_the_same_bytes_everywhere(flags, environment, umask, tmp_path, everything):
    before = os.umask(umask)
    try:
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
        command = [sys.executable, *flags, ROOT / "tests" / "table_keys.py", tmp_path / "there"]
        found = run(*command, env={**os.environ, "PYTHONPATH": path, **environment})
    finally:
        os.umask(before)
    assert found.decode() == everything


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    return digest_of_everything(tmp_path_factory.mktemp("everything") / "here")


def test_every_format_names_the_command_the_version_and_the_hashes(tmp_path):
    table = build_table("gaunt", 1)
    for form in installed_formats()[1:]:  # an npz states no version of the package
        raw = export_table(table, tmp_path / "x", form).read_bytes()
        for word in (table.key.command, table.fingerprint, table.convention.fingerprint, "reptheory 0."):
            assert word.encode() in raw, (form, word)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["gaunt", "wigner_3j", "wigner_d_pi_half", "solid_harmonics"])
def test_dense_blocks_as_safetensors(kind, dtype, tmp_path):
    arrays = pytest.importorskip("safetensors.numpy")
    table = build_table(kind, 2)
    path = export_table(table, tmp_path / "x.safetensors", "safetensors", dense=dtype)
    found = arrays.load_file(path)
    assert_dense(found, table, dtype)
    assert path.read_bytes() == arrays.save(found, safetensors_metadata(path))


def safetensors_metadata(path):
    data = path.read_bytes()
    return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]


def assert_dense(found, table, dtype):
    """Compare blocks by name with a table: every row is there, and nothing else."""
    leading = next(len(name.split("_")) for name in found)
    doubled = table.index_names[0].startswith("two_")
    count = 0
    for name, block in found.items():
        labels = [int(word) / (2 if doubled else 1) for word in name.split("_")]
        expected = table.dense(*labels, dtype=dtype)
        assert (block.shape, block.tobytes()) == (expected.shape, expected.tobytes())
        count += np.count_nonzero(block)
    assert count == len(table)
    assert len(found) == len(np.unique(table.index[:, :leading], axis=0))


@pytest.mark.parametrize(
    "kind", ["gaunt", "fourier_from_harmonics", "generators", "harmonics_from_monomials"]
)
def test_dense_blocks_as_npz(kind, tmp_path):
    table = build_table(kind, 2)
    path = export_table(table, tmp_path / "x.npz", "npz", dense="float64")
    with np.load(path) as file:
        facts = json.loads(file["manifest.json"])
        found = {name: file[name] for name in file.files if name != "manifest.json"}
    dtype = "float64" if table.i_power is None else "complex128"
    assert facts["dense"] == dtype
    assert facts["fingerprint"] == table.fingerprint
    assert_dense(found, table, dtype)


def test_dense_symbols_and_tensors_are_one_array(tmp_path):
    for table in (build_table("wigner_6j", 1), build_table("cartesian_tensor", formula="ij=ji")):
        path = export_table(table, tmp_path / "x.npz", "npz", dense="float32")
        with np.load(path) as file:
            np.testing.assert_array_equal(file["values"], table.dense(dtype="float32"))


def test_dense_refusals(tmp_path):
    table, path = build_table("fourier_from_harmonics", 1), tmp_path / "x"
    for arguments, options, words in (
        (("csv",), {"dense": "float64"}, "npz, safetensors"),
        (("npz",), {"dense": "float16"}, "float32"),
        (("npz", ["float64"]), {"dense": "float64"}, "columns"),
        (("safetensors",), {"dense": "float64"}, "imaginary"),
    ):
        with pytest.raises(LabelError, match=words):
            export_table(table, path, *arguments, **options)
    assert not path.exists()
