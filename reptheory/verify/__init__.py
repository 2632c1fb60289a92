"""Verify: exact evaluation, laws and the report."""
