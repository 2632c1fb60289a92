"""Operations: what users call; they check, choose a table and run a kernel."""
