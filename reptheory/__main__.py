"""Entry point of `python -m reptheory`: the same as the command `reptheory`."""

from reptheory.cli import main

if __name__ == "__main__":
    main()
