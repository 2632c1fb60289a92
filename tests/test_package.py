"""The package as a whole: a light import, a boundary that SymPy does not cross, complete public names."""

from __future__ import annotations

import ast
import fnmatch
import inspect
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest

import reptheory
from reptheory.operations import (
    full_tensor_product,
    gaunt_many_body,
    gaunt_tensor_product,
    matrix_product,
    symmetric_contraction,
    tensor_product,
    vector_spherical_product,
)

ROOT = Path(__file__).parents[1]
MACHINE_PATH = re.compile(r"(?<![\w.~$}])/(?:home|root|Users|work|mnt|nix)/\w")

TIMED_IMPORT = """
import json, sys, time
start = time.perf_counter()
import reptheory
seconds = time.perf_counter() - start
print(json.dumps([seconds, sorted(sys.modules)]))
"""

EVERY_PRODUCT = """
import json, sys
import numpy as np
import reptheory as rt
from reptheory.tables.store import read_shipped
from reptheory.tables.kinds import table_key

for kind, lmax in (("gaunt", 6), ("clebsch_gordan", 6), ("theta_fourier", 12)):
    assert read_shipped(table_key(kind, lmax)) is not None
    rt.load_table(kind, lmax)
for method in ("table", "grid", "fourier"):
    product = rt.GauntTensorProduct(6, 6, 12, method=method)
    x = np.ones((3, 49))
    z, bound = product(x, x, with_bound=True)
    product.certificate(x, x, z)
irreps = "1x0e+2x1o+1x2e+1x6e"
product = rt.FullTensorProduct(irreps, irreps)
x = np.ones((3, product.dim1), np.float32)
z, bound = product(x, x, with_bound=True)
print(json.dumps(sorted(sys.modules)))
"""


def in_fresh_process(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def packages(modules: list[str]) -> set[str]:
    return {name.split(".")[0] for name in modules}


def test_import_is_light() -> None:
    runs = [json.loads(in_fresh_process(TIMED_IMPORT)) for _ in range(5)]
    heavy = {"sympy", "mpmath", "numba", "llvmlite", "scipy", "numpy", "flint", "matplotlib"}
    assert not heavy & packages(runs[0][1])
    assert min(seconds for seconds, _ in runs) < 0.1


@pytest.mark.parametrize(
    "call",
    [
        "wigner_3j(1, 1, 2, 0, 0, 0)",
        "clebsch_gordan(0.5, 0.5, 1, 0.5, -0.5, 0)",
        "wigner_6j(20, 20, 20, 20, 20, 20)",
        "wigner_9j(1, 1, 2, 1, 1, 1, 1, 1, 1)",
        "racah(1, 1, 1, 1, 1, 2)",
        "gaunt(1, 1, 2, 0, 0, 0)",
        "real_gaunt(1, 1, 2, -1, 1, -2)",
        "wigner_3j(100, 100, 100, 3, 5, -8)",
    ],
)
def test_a_single_symbol_loads_nothing_heavy(call: str) -> None:
    code = f"""
import json, sys
import reptheory as rt
value = rt.{call}
repr(value), value.radicand, value == 0, hash(value)
if value.pi_power == 0:
    float(value)  # pi comes from Arb
print(json.dumps(sorted(sys.modules)))
"""
    loaded = packages(json.loads(in_fresh_process(code)))
    assert not {"numpy", "sympy", "mpmath", "numba", "llvmlite", "scipy", "flint"} & loaded


def test_products_never_load_sympy() -> None:
    loaded = packages(json.loads(in_fresh_process(EVERY_PRODUCT)))
    assert "numba" in loaded  # the run was real
    assert not {"sympy", "mpmath"} & loaded


@pytest.mark.parametrize("layer", ["kernels", "tables", "operations", "groups"])
def test_modules_of_a_layer_never_load_sympy(layer: str) -> None:
    names = [
        f"reptheory.{layer}.{path.stem}"
        for path in (Path(reptheory.__file__).parent / layer).glob("*.py")
        if path.stem != "__init__"
    ]
    code = f"import json, sys\nimport {', '.join(names)}\nprint(json.dumps(sorted(sys.modules)))"
    assert not {"sympy", "mpmath"} & packages(json.loads(in_fresh_process(code)))


@pytest.mark.parametrize("name", reptheory.__all__)
def test_public_name_resolves_and_is_documented(name: str) -> None:
    value = getattr(reptheory, name)
    if callable(value):
        assert inspect.getdoc(value)
        assert value.__name__ == name
    assert name in dir(reptheory)


def test_the_lazy_names_are_the_public_ones() -> None:
    assert sorted(reptheory._HOME) == sorted(reptheory.__all__)
    with pytest.raises(AttributeError, match="no attribute 'wigner3j'"):
        _ = reptheory.wigner3j


def public_members(kind: type) -> list[str]:
    return [
        name
        for name, value in vars(kind).items()
        if not name.startswith("_") and (callable(value) or isinstance(value, property | classmethod))
    ]


@pytest.mark.parametrize(
    "name", [name for name in reptheory.__all__ if inspect.isclass(getattr(reptheory, name))]
)
def test_public_class_documents_its_members(name: str) -> None:
    kind = getattr(reptheory, name)
    assert not [member for member in public_members(kind) if not inspect.getdoc(getattr(kind, member))]


@pytest.mark.parametrize("name", reptheory.__all__)
def test_page_of_public_names_has_every_name(name: str) -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert any(re.search(rf"`(?:rt\.)?{name}\b", row) for row in rows)


def test_page_of_public_names_has_the_names_of_arguments() -> None:
    """Arguments stand in the order of the signature, and every value that one of a few words may take."""
    rows = (ROOT / "docs" / "api.md").read_text(encoding="utf-8").splitlines()
    checked = 0
    for row in rows:
        calls = re.findall(r"`(\w+)\(([^`]*)\)`", row.split(" | ")[0])
        for name, written in calls:
            function = getattr(reptheory, name, None)
            if function is None or ".." in written:
                continue
            expected = list(inspect.signature(function).parameters)
            names = [one.split("=")[0].strip() for one in written.split(",")]
            assert [one for one in expected if one in names] == names, row
            checked += 1
    assert checked > 60


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("GauntTensorProduct", gaunt_tensor_product.Method),
        ("GauntManyBody", gaunt_many_body.ManyBodyMethod),
        ("FullTensorProduct", full_tensor_product.FullMethod),
        ("VectorSphericalProduct", vector_spherical_product.VectorMethod),
        ("MatrixProduct", matrix_product.MatrixMethod),
        ("SymmetricContraction", symmetric_contraction.SymmetricBasis),
        ("TensorProduct", tensor_product.Layout),
    ],
)
def test_page_of_public_names_has_every_method(name: str, words: Any) -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    (row,) = (line for line in text.splitlines() if line.startswith(f"| `{name}("))
    assert not [word for word in get_args(words) if f'"{word}"' not in row]


FOREIGN = {"_asdict", "_cache", "_fields", "_make", "_replace"}
"""Names with an underscore that belong to NamedTuple, and to Numba's dispatchers."""


def underscored(files: list[Path]) -> tuple[set[str], dict[str, str]]:
    """Return the names with one underscore that files define, and those of other objects that they use."""
    defined: set[str] = set()
    used: dict[str, str] = {}
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                defined.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                defined.add(node.id)
            elif isinstance(node, ast.Attribute) and re.match("_[a-z]", node.attr):
                if isinstance(node.ctx, ast.Store):
                    defined.add(node.attr)
                elif not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                    used[node.attr] = f"{file.name}:{node.lineno}"
    return defined, used


def test_a_layer_uses_no_private_name_of_another() -> None:
    package = ROOT / "reptheory"
    layers = [sorted(one.rglob("*.py")) for one in package.iterdir() if one.is_dir()]
    for files in (*layers, sorted(package.glob("*.py"))):
        defined, used = underscored(files)
        assert {name: at for name, at in used.items() if name not in defined | FOREIGN} == {}


def test_version_is_stated_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == reptheory.__version__
    assert f"## {reptheory.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_no_file_names_a_path_of_some_machine() -> None:
    folders = ("reptheory", "tests", "docs", "examples", "benchmarks", "tables", ".ci")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    files += [path for path in ROOT.iterdir() if path.suffix in {".md", ".toml"}]
    found = []
    for path in files:
        if path.suffix in {".npz", ".pyc", ".png"} or "__pycache__" in path.parts:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {hit.group()}" for hit in MACHINE_PATH.finditer(text)]
    assert not found


def test_no_folder_of_tests_is_skipped(pytestconfig: pytest.Config) -> None:
    patterns = pytestconfig.getini("norecursedirs")
    holding = {path.parent for base in ("tests", "reptheory") for path in (ROOT / base).rglob("*.py")}
    names = {part for folder in holding for part in folder.relative_to(ROOT).parts}
    assert {"build", "exact"} <= names
    assert not [(name, one) for name in names for one in patterns if fnmatch.fnmatch(name, one)]
