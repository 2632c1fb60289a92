"""Command line: build, show, verify and export tables, and the report that runs and verifies everything.

Heavy modules load inside the command that needs them, so that `reptheory --help` answers at once. Errors are
one line on standard error: exit status 2 for a wrong command line or label, 1 for a check that failed or a
file that could not be used, 130 for Ctrl-C.
"""

from __future__ import annotations

import contextlib
import io
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reptheory import __version__
from reptheory.errors import LabelError, ReptheoryError
from reptheory.tables.kinds import KINDS, table_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reptheory.build.rows import Progress
    from reptheory.build.show import Listing

__all__ = ["main"]

_KIND = click.Choice(list(KINDS))
_BASIS = click.Choice(["real", "complex"])
_OUTPUT = click.Path(dir_okay=False, path_type=Path)
_FILE = click.Path(path_type=Path)


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
        _complain(f"{error.format_message()} Try: {path} --help")
        return error.exit_code
    except click.ClickException as error:
        _complain(error.format_message())
        return error.exit_code
    except ReptheoryError as error:
        _complain(error)
        return 2 if isinstance(error, LabelError) else 1
    except (KeyboardInterrupt, click.Abort):
        _complain("interrupted; files are as they were before")
        return 130
    return result if isinstance(result, int) else 0


def _complain(error: object) -> None:
    """Print an error as one line on standard error."""
    click.echo(f"reptheory: {' '.join(str(error).split())}", err=True)


def _one_line(message: Warning | str, *_: Any, **__: Any) -> None:
    """Show a warning as one line, without the place in the source."""
    click.echo(f"reptheory: warning: {message}", err=True)


_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_KIND_LINES = (f"  {kind.name:<24}{kind.summary}" for kind in KINDS.values())
_EPILOG = "\n".join(["\b", "Kinds:", *_KIND_LINES])


@click.group(cls=_Commands, context_settings=_SETTINGS)
@click.version_option(__version__, prog_name="reptheory", message="%(prog)s %(version)s")
def main() -> None:
    """Exact coefficients, proven tables and verified tensor products.

    \b
    Try:  reptheory report                    run and verify everything on real molecules
          reptheory show wigner_3j 1 1 2      exact values of one block
          reptheory build gaunt --lmax 6      a table, every float of it proven
    """


@contextlib.contextmanager
def _bar(title: str) -> Iterator[Progress]:
    """Show a progress bar on standard error while a block runs; nothing where that is not a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None  # noqa: ARG005
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@main.command(epilog=_EPILOG)
@click.argument("kind", type=_KIND, metavar="KIND")
@click.option("--lmax", type=int, required=True, help="Highest degree l (or spin j) of the inputs.")
@click.option("--basis", type=_BASIS, help="Default: the first basis that the kind has.")
@click.option("--lmax-out", type=int, help="Couplings: highest l3. Default: 2 lmax.")
@click.option("--band-limit", type=int, help="Inverse changes of basis: highest |u|. Default: lmax.")
@click.option("--output", "-o", type=_OUTPUT, help="Default: a name that says what it is, in this folder.")
def build(
    *,
    kind: str,
    lmax: int,
    basis: str | None,
    lmax_out: int | None,
    band_limit: int | None,
    output: Path | None,
) -> None:
    """Build a table from exact values and write it to a file.

    The same command writes the same bytes on every machine. Every float in the file has been proven to be the
    one nearest to its exact value.
    """
    from reptheory.build.library import build_key  # noqa: PLC0415

    key = table_key(kind, lmax, basis=basis, lmax_out=lmax_out, band_limit=band_limit)
    with _bar(f"Building {key}") as progress:
        table = build_key(key, progress)
    path = table.save(output or key.file_name)
    click.echo(
        f"{path}: {key}, {len(table)} rows, {path.stat().st_size} bytes, {2 * len(table)} floats proven"
    )


@main.command(epilog=_EPILOG, context_settings={"ignore_unknown_options": True})
@click.argument("kind", type=_KIND, metavar="KIND")
@click.argument("labels", nargs=-1, required=True, metavar="LABELS...")
@click.option("--basis", type=_BASIS, help="Default: the first basis that the kind has.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=200, show_default=True, help="Most rows; 0 for all."
)
def show(kind: str, labels: Sequence[str], basis: str | None, limit: int) -> None:
    """Show exact values and the floats nearest to them.

    LABELS are three degrees (one block), or three degrees and three orders (one value); for a change of
    basis l or l m, for wigner_d_pi_half the spin j. Halves are written 1/2, 3/2, ...

    \b
    reptheory show gaunt 2 1 3
    reptheory show wigner_3j 1/2 1/2 1
    reptheory show clebsch_gordan --basis complex 1 1 2 -1 1 0
    """
    from reptheory.build.show import block_rows  # noqa: PLC0415

    _print_listing(block_rows(kind, labels, basis), limit)


def _print_listing(listing: Listing, limit: int) -> None:
    """Print values as a grid; one that does not fit on a line is folded, never cut."""
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table as Grid  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else 160, markup=False, highlight=False)
    console.print(listing.title)
    if not listing.lines:
        console.print("Every value is zero: a selection rule forbids these labels.")
        return
    grid = Grid(box=box.SIMPLE_HEAD)
    for name in (*listing.names, "float64", "float32"):
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("exact", overflow="fold")
    shown = listing.lines if limit == 0 else listing.lines[:limit]
    for line in shown:
        grid.add_row(*line)
    console.print(grid)
    if len(shown) < len(listing.lines):
        console.print(f"{len(listing.lines) - len(shown)} more rows; --limit 0 shows all")


@main.command()
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE...")
def verify(files: Sequence[Path]) -> None:
    """Prove table files: hashes, convention, every float, every exact value.

    Floats are proven the nearest by integers alone; the integers are compared with a fresh exact computation.
    Exit status 1, with the reason, if anything is wrong with any file.
    """
    from reptheory.build.certify import certify_table  # noqa: PLC0415
    from reptheory.tables.table import read_table  # noqa: PLC0415

    failed = False
    for path in files:
        try:
            table = read_table(path)
            with _bar(f"Verifying {path.name}") as progress:
                certificate = certify_table(table, progress)
        except ReptheoryError as error:
            _complain(error)
            failed = True
            continue
        if certificate.holds:
            proven = f"{len(table)} rows recomputed, {certificate.floats} floats proven"
            click.echo(f"{path}: holds: {table.key}, {proven}")
        else:
            _complain(f"{path}: {certificate.failure}")
            failed = True
    if failed:
        sys.exit(1)


@main.command()
@click.argument("file", type=_FILE)
@click.option("--to", "form", type=click.Choice(["npz", "json"]), required=True, help="Format to write.")
@click.option("--output", "-o", type=_OUTPUT, help="Default: the name of FILE with the new ending.")
def export(file: Path, form: str, output: Path | None) -> None:
    """Write the table in FILE in another format; exact integers stay exact."""
    from reptheory.build.export import export_table  # noqa: PLC0415
    from reptheory.tables.table import read_table  # noqa: PLC0415

    target = output or file.with_suffix(f".{form}")
    table = read_table(file)
    click.echo(f"{export_table(table, target, form)}: {table.key}, {len(table)} rows")


@main.command()
@click.argument("molecules", nargs=-1, metavar="[MOLECULE]...")
@click.option("--lmax", type=click.IntRange(1, 16), default=6, show_default=True, help="Highest degree.")
@click.option("--all", "every", is_flag=True, help="Every shipped molecule.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random rotations.")
@click.option(
    "--html",
    type=_OUTPUT,
    default=Path("reptheory-report.html"),
    show_default=True,
    help="Self-contained page with plots.",
)
@click.option("--no-html", is_flag=True, help="Write no page.")
@click.option("--json", "json_path", type=_OUTPUT, help="Write the results for a program.")
def report(
    *,
    molecules: Sequence[str],
    lmax: int,
    every: bool,
    seed: int,
    html: Path,
    no_html: bool,
    json_path: Path | None,
) -> None:
    """Run every product on real molecules, verify each result, write a page with plots.

    MOLECULE is the name of a shipped structure (water, ammonia, methane, benzene, hydrogen-peroxide, alanine)
    or a file of atoms (xyz; any format that ASE reads with the extra reptheory[ase]); without one, alanine.
    Exit status 0 only if every check holds.
    """
    from rich.console import Console  # noqa: PLC0415

    from reptheory.tables.files import require_writable  # noqa: PLC0415
    from reptheory.verify import render  # noqa: PLC0415
    from reptheory.verify.report import run  # noqa: PLC0415

    if every and molecules:
        raise click.UsageError("--all: takes every shipped molecule; leave out the names, or --all")
    for path in (None if no_html else html, json_path):
        if path is not None:
            require_writable(path)
    with _bar("Report") as progress:
        result = run(None if every else list(molecules), lmax, seed, progress)
    render.print_table(result, Console())
    if not no_html:
        render.write_html(result, html)
        click.echo(f"page with plots: {html}")
    if json_path is not None:
        render.write_json(result, json_path)
    if not result.holds:
        sys.exit(1)
