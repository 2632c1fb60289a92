"""Format: the canonical JSON manifest that says everything about a table file.

The manifest is a function of the table alone: no time, host, user, path or library version enters it, so one
table has one sequence of bytes, and the SHA-256 of its manifest (the table's fingerprint) names its contents.
What can change those bytes is counted by two numbers: `FORMAT_VERSION`, the layout of the file, and
`GENERATOR_VERSION`, the rules that choose a table's rows and exact values. docs/table-format.md describes
the file for readers without this package; docs/decisions/0003-table-format.md says why it is so.
"""

from __future__ import annotations

import hashlib
import json
import string
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from reptheory.conventions import Convention
from reptheory.errors import ReptheoryError, TableCorrupt, TableMismatch, TableOutdated
from reptheory.tables.archive import ArraySpec
from reptheory.tables.kinds import OPTIONS, TableKey, kind_of, table_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "FORMAT_VERSION",
    "GENERATOR_VERSION",
    "Header",
    "canonical",
    "header_of",
    "key_stated",
    "parse_json",
]

FORMAT: Final = "reptheory-table"
FORMAT_VERSION: Final = 2
"""Version of the file layout: raised when a reader of the old one would fail on, or misread, the new."""
GENERATOR_VERSION: Final = 1
"""Version of the rules of `build`: raised when the same key would give other bytes."""

VALUE: Final = "sign * i^i_power * sqrt(numerator / denominator * pi^pi_power)"
LIMBS: Final = "unsigned 64-bit limbs, least significant first"
_ROUNDING: Final = "the value without i^i_power, rounded once to the nearest, ties to even, and proven so"


@dataclass(frozen=True, slots=True)
class Header:
    """What a manifest states about one table.

    key         kind and parameters
    rows        number of nonzero entries
    specs       the arrays, in file order
    digests     SHA-256 of each array's bytes
    generator   version of the rules that built it
    """

    key: TableKey
    rows: int
    specs: tuple[ArraySpec, ...]
    digests: tuple[str, ...]
    generator: int = GENERATOR_VERSION

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest as plain JSON values."""
        kind = kind_of(self.key.kind)
        convention = self.key.convention
        return {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "kind": kind.name,
            "parameters": dict(self.key.parameters),
            "rows": self.rows,
            "convention": {**asdict(convention), "fingerprint": convention.fingerprint},
            "index_names": list(kind.index_names),
            "exact": {
                "value": VALUE,
                "pi_power": self.key.pi_power,
                "integers": LIMBS,
                "columns": [spec.name for spec in self.specs if spec.name in EXACT_COLUMNS],
            },
            "rounding": {"columns": ["float64", "float32"], "rule": _ROUNDING},
            "arrays": {
                spec.name: {"dtype": spec.dtype, "shape": list(spec.shape), "sha256": digest}
                for spec, digest in zip(self.specs, self.digests, strict=True)
            },
            "generator": {
                "name": "reptheory.build",
                "version": self.generator,
                "command": self.key.command,
            },
        }

    @property
    def encoded(self) -> bytes:
        """The manifest as it stands in the file."""
        return canonical(self.manifest)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the manifest, which holds the SHA-256 of every array."""
        return hashlib.sha256(self.encoded).hexdigest()


EXACT_COLUMNS: Final = ("sign", "numerator", "denominator", "i_power")


def canonical(value: object) -> bytes:
    """Encode JSON in the one way that sorts keys, adds no blanks and stays in ASCII, with a final newline."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.encode("ascii") + b"\n"


def specs_for(columns: int, rows: int, limbs: tuple[int, int], imaginary: bool) -> tuple[ArraySpec, ...]:
    """Return the arrays of a table in file order.

    columns     number of index columns
    limbs       64-bit limbs of a numerator and of a denominator
    imaginary   whether some value has a factor i, which adds the column i_power
    """
    specs = [
        ArraySpec("index", "<i4", (rows, columns)),
        ArraySpec("float64", "<f8", (rows,)),
        ArraySpec("float32", "<f4", (rows,)),
        ArraySpec("sign", "|i1", (rows,)),
        ArraySpec("numerator", "<u8", (rows, limbs[0])),
        ArraySpec("denominator", "<u8", (rows, limbs[1])),
    ]
    if imaginary:
        specs.append(ArraySpec("i_power", "|u1", (rows,)))
    return tuple(specs)


def parse_json(data: bytes, what: str) -> dict[str, Any]:
    """Parse canonical JSON that must be an object; raise TableCorrupt for anything else.

    Other spellings of the same values are refused too, so that equal contents have equal bytes.
    """

    def refuse(word: str) -> NoReturn:
        raise ValueError(word)

    try:
        value = json.loads(data.decode("ascii"), parse_constant=refuse)
        same = isinstance(value, dict) and canonical(value) == data
    except (ValueError, RecursionError):
        same = False
    if not same:
        raise TableCorrupt(f"{what}: not a canonical JSON object; rebuild the table")
    return dict(value)


def header_of(data: bytes) -> Header:
    """Read a manifest member.

    data     its bytes
    returns  the header; every statement of the manifest has been checked against it
    raises   TableCorrupt: not what this package would write for those statements; TableMismatch: a table of
             another format version or convention, or of a kind this version does not know
    """
    manifest = parse_json(data, "manifest")
    if manifest.get("format") != FORMAT:
        raise TableCorrupt(
            f"manifest: format is {manifest.get('format')!r}, not {FORMAT!r}; it is not a table"
        )
    if manifest.get("version") != FORMAT_VERSION:
        raise TableOutdated(
            f"manifest: format version {manifest.get('version')!r}, this package reads {FORMAT_VERSION}; "
            "rebuild the table or install the package that wrote it"
        )
    try:
        header = _header(manifest)
    except ReptheoryError as error:
        raise TableMismatch(f"manifest: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        raise TableCorrupt("manifest: a field is missing or of the wrong type; rebuild the table") from None
    if header.encoded != data:
        _explain(manifest, header)
    return header


def key_stated(manifest: Mapping[str, Any]) -> TableKey:
    """Return the key that a manifest states.

    raises   LabelError, KeyError, TypeError, AttributeError: it states none that there is
    """
    parameters = manifest["parameters"]
    options = {name: parameters.get(name) for name in OPTIONS}
    if options["convention"] is not None:
        fields = {name: str(value) for name, value in manifest["convention"].items() if name != "fingerprint"}
        options["convention"] = Convention(**cast("Any", fields))
    return table_key(manifest["kind"], basis=parameters["basis"], **options)


def _header(manifest: Mapping[str, Any]) -> Header:
    """Collect the independent statements of a manifest; whatever they do not imply is compared later."""
    key = key_stated(manifest)
    arrays = manifest["arrays"]
    rows = _count(manifest["rows"])
    limbs = (_count(arrays["numerator"]["shape"][1]), _count(arrays["denominator"]["shape"][1]))
    columns = len(kind_of(key.kind).index_names)
    specs = specs_for(columns, rows, limbs, "i_power" in arrays)
    digests = tuple(_digest(arrays[spec.name]["sha256"]) for spec in specs)
    return Header(key, rows, specs, digests, _count(manifest["generator"]["version"]))


def _count(value: object) -> int:
    """Return a whole number >= 0 below 2^48; raise TypeError or ValueError for anything else."""
    if type(value) is not int:
        raise TypeError
    if not 0 <= value < 1 << 48:
        raise ValueError
    return value


def _digest(value: object) -> str:
    """Return 64 lower-case hexadecimal digits; raise ValueError for anything else."""
    if not isinstance(value, str) or len(value) != 64 or set(value) - set(string.hexdigits.lower()):
        raise ValueError
    return value


def _explain(manifest: Mapping[str, Any], header: Header) -> NoReturn:
    """Raise the error that names the first field in which a manifest differs from what it should be."""
    ours = header.manifest
    different = sorted(name for name in {*ours, *manifest} if ours.get(name) != manifest.get(name))
    if different == ["convention"]:
        theirs = manifest["convention"]
        known: Convention = header.key.convention
        name = theirs.get("name") if isinstance(theirs, dict) else theirs
        raise TableMismatch(
            f"convention: the table follows {name!r} with another fingerprint than {known.name!r} here; "
            "rebuild the table with this package"
        )
    fields: Sequence[str] = different or ["spelling"]
    raise TableCorrupt(
        f"manifest: {', '.join(fields)} contradict the rest of the manifest; rebuild the table"
    )
