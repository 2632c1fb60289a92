"""Explicit vectors: loops as LLVM instructions of 64 bytes, each with a plain twin that computes the same.

Only this package emits vector code; all that others know of a vector is its width, from `plain`.
"""
