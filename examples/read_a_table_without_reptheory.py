"""A reader of tables that knows nothing but the format: NumPy and the standard library, no reptheory.

    python examples/read_a_table_without_reptheory.py [FILE.npz | FILE.json]

It checks every hash, puts the exact integers together, rounds them again with more digits than a double has,
and prints what it found. docs/table-format.md is all it was written from; copy it, and change what you like.
"""

import decimal
import hashlib
import json
import pathlib
import sys

import numpy as np

PI = decimal.Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")
SHIPPED = pathlib.Path(__file__).parents[1] / "tables" / "gaunt-complex-lmax3-out6.npz"


def read_npz(path):
    """Return the manifest and the columns of a table file; the integers as lists of Python ints."""
    with np.load(path) as file:  # allow_pickle is False
        manifest = json.loads(bytes(file["manifest.json"]))
        columns = {name: file[name] for name in manifest["arrays"]}
    for name, entry in manifest["arrays"].items():
        raw = np.ascontiguousarray(columns[name], dtype=entry["dtype"]).tobytes()
        if hashlib.sha256(raw).hexdigest() != entry["sha256"]:
            raise SystemExit(f"{path}: {name} is damaged")
    for name in ("numerator", "denominator"):
        limbs = columns[name].astype(object)
        columns[name] = [sum(limb << 64 * place for place, limb in enumerate(row)) for row in limbs.tolist()]
    return manifest, columns


def read_json(path):
    """Return the same from the JSON that `reptheory export` writes."""
    data = json.loads(pathlib.Path(path).read_text(encoding="ascii"))
    rows, labels = data["rows"], len(data["manifest"]["index_names"])
    columns = dict(zip(data["columns"], zip(*rows, strict=True), strict=True))
    exact = {name: [int(value) for value in columns[name]] for name in ("numerator", "denominator")}
    return data["manifest"], {**columns, **exact, "index": np.array([row[:labels] for row in rows])}


def main(path):
    """Read a table and check each float against its integers."""
    manifest, table = (read_json if str(path).endswith(".json") else read_npz)(path)
    decimal.getcontext().prec = 60
    factor = PI ** manifest["exact"]["pi_power"]
    for row, (top, bottom) in enumerate(zip(table["numerator"], table["denominator"], strict=True)):
        value = int(table["sign"][row]) * (decimal.Decimal(top) / decimal.Decimal(bottom) * factor).sqrt()
        if float(value) != table["float64"][row]:  # float() rounds a Decimal once, to the nearest
            raise SystemExit(f"{path}: row {row} is not rounded correctly")
    labels = dict(zip(manifest["index_names"], map(int, table["index"][-1]), strict=True))
    print(f"{manifest['kind']}, {manifest['parameters']}: {manifest['rows']} rows, every float agrees")
    print(f"convention {manifest['convention']['name']}; rebuilt by: {manifest['generator']['command']}")
    print(f"last row: {labels} is {table['float64'][-1]}, nearest to {value:.40}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else SHIPPED)
