"""Kernels: compiled loops on arrays and integers, each beside its error bound."""
