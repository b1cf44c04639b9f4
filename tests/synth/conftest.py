"""Fixtures of the tests with Yosys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cache_of_session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def own_cache(cache_of_session: Path) -> Iterator[None]:
    """Results are kept for these tests alone: none sees one of an earlier session, none works one out again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSCHOP_CACHE", str(cache_of_session))
        yield
