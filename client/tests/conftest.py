"""What several of these tests start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from .worked import key


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "grower.jwk"
    key("grower").save(path)
    return path
