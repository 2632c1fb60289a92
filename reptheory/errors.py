"""Errors: one class per way of going wrong, each message says what came, the rule, and the way on.

Every error a caller can cause derives from `ReptheoryError`, and from the built-in class a caller would
expect (`ValueError`, `TypeError`, ...), so that both kinds of `except` work. The command line prints the
message of any of them as one line.
"""

__all__ = [
    "ConventionMismatch",
    "IncommensurableSurds",
    "LabelError",
    "NotRational",
    "NotReal",
    "OperandError",
    "ReptheoryError",
    "StoreError",
    "TableCorrupt",
    "TableMismatch",
    "TableOutdated",
    "TooLarge",
    "WorkerLost",
    "shown",
]

_LONGEST_SHOWN = 60


class ReptheoryError(Exception):
    """Base of every error that `reptheory` raises on purpose."""


class LabelError(ReptheoryError, ValueError):
    """A label (j, l, m, parity, an irreps string) is impossible: not an exact half, negative, |m| > j, ..."""


class OperandError(ReptheoryError, ValueError):
    """An array operand has a shape, dtype or layout that an operation cannot take."""


class IncommensurableSurds(ReptheoryError, ArithmeticError):
    """The sum of two surds whose ratio is irrational is not one surd."""


class NotRational(ReptheoryError, ArithmeticError):
    """An irrational value was asked for as a fraction."""


class NotReal(ReptheoryError, TypeError):
    """An imaginary value was asked for as a real number, or compared by size."""


class ConventionMismatch(ReptheoryError, ValueError):
    """Two things that were to be combined follow different conventions."""


class TableCorrupt(ReptheoryError, ValueError):
    """A table file is broken: truncated, altered, hostile, or not a table at all."""


class TableMismatch(ReptheoryError, ValueError):
    """A sound table that is not the one the caller needs (kind, lmax, format version)."""


class TableOutdated(TableMismatch):
    """The table that the caller needs, but written by another version of this package."""


class TooLarge(ReptheoryError, MemoryError):
    """The result would not fit in memory; the message states its size."""


class StoreError(ReptheoryError, OSError):
    """A table could not be written or the cache could not be used (disk full, no permission, ...)."""


class WorkerLost(ReptheoryError, RuntimeError):
    """A process that was to build a piece died, again and again, or could not be started."""


def shown(value: object) -> str:
    """Return a value as text on one line of at most 60 characters, for messages; it never raises."""
    from fractions import Fraction  # noqa: PLC0415  (only an error needs it)

    try:
        text = " ".join((str(value) if isinstance(value, Fraction) else repr(value)).split())
    except Exception:  # a broken __repr__, or an int beyond Python's digit limit, must not hide the error
        if isinstance(value, int):
            return f"an int of {value.bit_length()} bits"
        text = f"a {type(value).__name__} that cannot be printed"
    if len(text) > _LONGEST_SHOWN:
        text = f"{text[: _LONGEST_SHOWN - 3]}..."
    return text
