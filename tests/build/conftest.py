import pytest

from reptheory.build import library


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Give every test an empty cache on disk and none in memory."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("REPTHEORY_CACHE", str(folder))
    library._RECENT.clear()
    yield folder
    library._RECENT.clear()
