"""The rendered report is whole, safe to open, and the same bytes each time."""

import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from rich.console import Console

from reptheory.errors import StoreError
from reptheory.verify import plots
from reptheory.verify.checks import Check
from reptheory.verify.render import as_json, number, page, print_table, write_html, write_json
from reptheory.verify.report import run
from reptheory.verify.results import Report


@pytest.fixture(scope="module")
def report() -> Report:
    return run(["water"], 2, 0)


@pytest.fixture(scope="module")
def failing(report: Report) -> Report:
    bad = Check("methods agree", "a <b> & [c]", False, {"worst_error": float("inf")})
    rows = (replace(report.rows[0], holds=False), *report.rows[1:])
    facts = replace(report.molecules[0], name="<script>[red]x", samples=1)
    return replace(report, checks=(*report.checks, bad), rows=rows, molecules=(facts,))


def printed(report: Report, width: int) -> str:
    stream = io.StringIO()
    print_table(report, Console(file=stream, width=width))
    return stream.getvalue()


class Page(HTMLParser):
    """Collect ids, references and open tags."""

    VOID = frozenset({"meta", "br", "hr", "img", "input", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.scripts = 0
        self.stack: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.scripts += tag in {"script", "link", "iframe", "img", "object"}
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in {"href", "src", "xlink:href"}:
                self.links.append(value)
            self.links += re.findall(r"url\(([^)]*)\)", value or "")
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.stack.pop()

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag


@pytest.mark.parametrize("width", [40, 80, 140])
def test_table_loses_no_digit(report: Report, width: int) -> None:
    text = printed(report, width)
    assert "…" not in text
    for row in report.rows:
        assert number(row.worst_error) in text
        assert number(row.rotation_tolerance) in text
    assert "every check holds" in text
    assert "FAILS" not in text


def test_table_names_what_fails(failing: Report) -> None:
    text = printed(failing, 100)
    assert "a check fails" in text
    assert "methods agree: a <b> & [c]: worst_error inf" in text
    assert "<script>[red]x" in text
    assert "1 of 12 samples" in text
    assert text.count("FAILS") == 2


def test_table_in_ascii(report: Report) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    print_table(report, Console(file=stream, width=100))
    stream.flush()
    assert b"every check holds" in raw.getvalue()


def test_json_is_the_report(report: Report, failing: Report, tmp_path) -> None:
    write_json(report, tmp_path / "report.json")
    values = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert values == as_json(report)
    assert values["holds"] is True
    assert values["format"] == 1
    assert values["convention"]["fingerprint"] == report.convention.fingerprint
    assert len(values["checks"]) == len(report.checks)
    assert values["rows"][0]["worst_error"] == report.rows[0].worst_error
    write_json(failing, tmp_path / "failing.json")
    values = json.loads((tmp_path / "failing.json").read_text("utf-8"), parse_constant=pytest.fail)
    assert values["holds"] is False
    assert values["checks"][-1]["figures"] == {"worst_error": "inf"}


def test_page_is_self_contained(report: Report, tmp_path) -> None:
    write_html(report, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text("utf-8")
    assert text == page(report)  # the same bytes again
    parser = Page()
    parser.feed(text)
    assert parser.stack == []
    assert parser.scripts == 0
    assert len(parser.ids) == len(set(parser.ids)) > 100
    assert parser.links
    assert all(link.startswith("#") for link in parser.links)
    assert {link[1:] for link in parser.links} <= set(parser.ids)
    addresses = set(re.findall(r"https?://[^\"'\s<]+", text))
    assert addresses <= {"http://www.w3.org/1999/xlink", "http://www.w3.org/2000/svg"}
    assert "@import" not in text
    assert text.count("<svg") == 4
    assert f"All {len(report.checks)} checks hold" in text
    assert len(text) < 500_000


def test_page_escapes_and_shows_failures(failing: Report) -> None:
    text = page(failing)
    assert "<script>" not in text
    assert "&lt;script&gt;[red]x" in text
    assert "a &lt;b&gt; &amp; [c]" in text
    assert f"1 of {len(failing.checks)}\nchecks fail" in text
    assert "FAILS" in text
    assert "1 of 12" in text


def test_plots_show_only_what_a_logarithm_can(report: Report) -> None:
    points = tuple(replace(point, worst_error=0.0, worst_bound=float("inf")) for point in report.curves)
    assert "<svg" in plots.error_plot(replace(report, curves=points))


def test_plots_leave_matplotlib_alone() -> None:
    code = (
        "import sys, matplotlib\n"
        "def settings():\n"
        "    return {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != 'backend'}\n"
        "before = settings()\n"
        "from reptheory.verify.plots import coefficient_plot\n"
        "coefficient_plot(1)\n"
        "print('matplotlib.pyplot' in sys.modules, before == settings())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_unwritable_path_is_one_line(report: Report, tmp_path) -> None:
    for write in (write_html, write_json):
        with pytest.raises(StoreError) as caught:
            write(report, tmp_path / "missing" / "report")
        assert "\n" not in str(caught.value)
