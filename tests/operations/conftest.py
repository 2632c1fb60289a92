"""Every product of these tests goes to as many threads as it may use, however small it is."""

import pytest

from reptheory.kernels import pool


@pytest.fixture(autouse=True)
def threads_for_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "WORTH_A_THREAD", 1)
