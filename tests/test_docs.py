"""The documentation is true: its snippets run, its links lead somewhere, the files it names exist."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tables/*.md")])
NAMED = [
    ROOT / "docs" / "laws.md",
    ROOT / "docs" / "architecture.md",
    ROOT / "docs" / "conventions.md",
    ROOT / "README.md",
]

FENCED = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"^[\w.-]+/[\w./-]*$")


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_snippets_run(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = [block for block in FENCED.findall(text) if ">>>" in block]
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    names: dict[str, object] = {}
    for number, block in enumerate(blocks):
        test = doctest.DocTestParser().get_doctest(block, names, f"{page_name(page)}[{number}]", None, 0)
        test.globs = names  # one namespace a page: later snippets use what earlier ones defined
        runner.run(test, clear_globs=False)
    assert runner.failures == 0


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    broken = [
        link
        for link in links
        if not link.startswith(("http://", "https://")) and not (page.parent / link).exists()
    ]
    assert not broken


def named_files(page: Path) -> set[str]:
    """Return the paths that a page names in backticks, placeholders such as `<group>.py` left out."""
    spans = CODE.findall(page.read_text(encoding="utf-8"))
    words = {word.strip(",;:()") for span in spans for word in span.split()}
    return {word for word in words if FILE.match(word)}


@pytest.mark.parametrize("page", NAMED, ids=page_name)
def test_named_files_exist(page: Path) -> None:
    missing = [
        name
        for name in named_files(page)
        if not any((base / name).exists() for base in (ROOT, ROOT / "reptheory"))
    ]
    assert not missing


def test_architecture_names_every_module() -> None:
    named = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    modules = [path for path in (ROOT / "reptheory").rglob("*.py") if path.name != "__init__.py"]
    missing = [path.name for path in modules if path.name not in named]
    assert modules
    assert not missing
