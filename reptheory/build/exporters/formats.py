"""Formats: the names, endings and purposes of all formats; light, so that the command line can list them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ["FORMATS", "Format"]


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    ending    of its files
    selects   whether some columns can be left out
    summary   one line for people
    """

    ending: str
    selects: bool
    summary: str


FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        "npz": Format(".npz", False, "the table's own file, for NumPy and everything else"),
        "json": Format(".json", False, "exact integers as text, floats in full"),
        "csv": Format(".csv", True, "comments, names, rows"),
        "parquet": Format(".parquet", True, "columns for data frames; needs pyarrow"),
        "safetensors": Format(".safetensors", True, "arrays for torch, JAX and others"),
        "c": Format(".h", True, "C and C++ header, hexadecimal literals"),
        "cuda": Format(".cuh", True, "the same header; __constant__ under CUDA"),
        "fortran": Format(".f90", True, "Fortran module"),
        "rust": Format(".rs", True, "Rust module"),
        "julia": Format(".jl", True, "Julia module"),
        "mathematica": Format(".wl", False, "association of exact values"),
        "latex": Format(".tex", False, "longtable of exact values"),
        "markdown": Format(".md", False, "table of exact values"),
    }
)
"""Every format by its name."""
