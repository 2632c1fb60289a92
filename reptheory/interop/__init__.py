"""Interop: other programs' files and arrays, each behind an extra."""
