"""The script of the service's page runs as it stands."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "service.md"


def test_the_script_of_the_page_fetches_a_draw(
    served: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    here = code.replace("http://127.0.0.1:8000/v1/catalogs/demo", f"{served}/v1/catalogs/packs")
    assert here != code
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POPULACE_KEY", "none is asked for")
    exec(compile(here, str(PAGE), "exec"), {})
    pictures = list(tmp_path.iterdir())
    assert len(pictures) == 8
    assert all(picture.read_bytes()[:2] == b"\xff\xd8" for picture in pictures)
