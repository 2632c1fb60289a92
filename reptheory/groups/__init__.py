"""Groups: labels, dimensions and selection rules on plain integers, one group a file behind one contract."""
