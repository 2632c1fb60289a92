"""The command `reptheory` without its subcommands: the group, and how it reports what goes wrong."""

from __future__ import annotations

import io
import sys
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from reptheory import __version__
from reptheory.errors import LabelError, ReptheoryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["complain", "main"]

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Commands(click.Group):
    """A group that reports every error as one line, with the exit status it deserves."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line; `standalone_mode` False returns instead of leaving, and raises errors."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # √ and π where the terminal has none
        run = partial(super().main, args, prog_name, complete_var, standalone_mode=False, **extra)
        if not standalone_mode:
            return run()
        with warnings.catch_warnings():
            warnings.showwarning = _one_line
            warnings.simplefilter("default", RuntimeWarning)
            sys.exit(_status(run))


def _status(run: Callable[[], object]) -> int:
    """Run a command and return its exit status; print its error, if any, as one line."""
    try:
        result = run()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "reptheory"
        complain(f"{error.format_message()} Try: {path} --help")
        return error.exit_code
    except click.ClickException as error:
        complain(error.format_message())
        return error.exit_code
    except ReptheoryError as error:
        complain(error)
        return 2 if isinstance(error, LabelError) else 1
    except (KeyboardInterrupt, click.Abort):
        complain("interrupted; files are as they were before")
        return 130
    return result if isinstance(result, int) else 0


def complain(error: object) -> None:
    """Print an error as one line on standard error."""
    click.echo(f"reptheory: {' '.join(str(error).split())}", err=True)


def _one_line(message: Warning | str, *_: Any, **__: Any) -> None:
    """Show a warning as one line, without the place in the source."""
    click.echo(f"reptheory: warning: {message}", err=True)


@click.group(cls=_Commands, context_settings=_SETTINGS)
@click.version_option(__version__, prog_name="reptheory", message="%(prog)s %(version)s")
def main() -> None:
    """Exact coefficients, proven tables and verified tensor products.

    \b
    Try:  reptheory report                    run and verify everything on real molecules
          reptheory show wigner_3j 1 1 2      exact values of one block
          reptheory build gaunt --lmax 6      a table, every float of it proven
    """
