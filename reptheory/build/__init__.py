"""Build: from exact values to proven tables."""
