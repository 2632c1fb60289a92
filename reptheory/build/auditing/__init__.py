"""Audit: tables and values of other people, compared with the exact ones."""
