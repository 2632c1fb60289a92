"""Command line: build, show, verify and export tables, and the report that runs and verifies everything.

One module a group of commands; a new command is written in one of them and added to `_COMMANDS` here. Heavy
modules load inside the command that needs them, so that `reptheory --help` answers at once. Errors are one
line on standard error: exit status 2 for a wrong command line or label, 1 for a check that failed or a file
that could not be used, 130 for Ctrl-C.
"""

from reptheory.cli import building, caching, conversion, files, reporting, values
from reptheory.cli.app import main

__all__ = ["main"]

_COMMANDS = (
    building.build,
    caching.cache,
    conversion.audit,
    conversion.convert,
    conversion.identify,
    files.diff,
    files.export,
    files.info,
    files.verify,
    reporting.report,
    values.show,
)

for _command in _COMMANDS:
    main.add_command(_command)
