"""Exact values: every coefficient as an integer recursion and one square root."""
