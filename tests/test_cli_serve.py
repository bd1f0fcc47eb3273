"""`populace serve` listens where that is safe, and `populace key` keeps its keys."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from pipeline.catalog.seal import seal
from pipeline.service.keys import add_key, read_keys
from pipeline.storage import open_store
from tests.catalog.fake_job import FakeJob
from tests.test_cli import invoke


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A sealed catalog of 24 faces."""
    store = open_store(str(tmp_path_factory.mktemp("serve") / "demo"))
    seal(store, FakeJob(layout="packs").run(store))
    return store.uri


def test_a_key_is_shown_once(tmp_path: Path) -> None:
    file = str(tmp_path / "keys.json")
    options = ["--name", "studio", "--catalogs", "demo,other", "--actions", "read,pull"]
    code, out, err = invoke(
        "key", "add", "--keys", file, *options, "--expires", "2999-01-01", "--rate", "60/min"
    )
    assert code == 0
    assert out.startswith("pop_")
    assert err == "Keep it now; it is shown only once:\n"
    assert out.strip() not in Path(file).read_text()
    code, out, _ = invoke("key", "list", "--keys", file)
    assert code == 0
    words = ["studio", "valid", "demo,", "other", "read,", "pull", "60/min"]
    assert out.splitlines()[1].split()[:7] == words
    assert invoke("key", "revoke", "--keys", file, "--name", "studio")[:2] == (
        0,
        "Revoked the key studio\n",
    )
    (listed,) = json.loads(invoke("key", "list", "--keys", file, "--json")[1])
    assert (listed["name"], listed["state"], listed["expires"]) == (
        "studio",
        "revoked",
        "2999-01-01T00:00:00+00:00",
    )
    assert "digest" not in listed
    added = json.loads(
        invoke("key", "add", "--keys", file, "--name", "a", "--catalogs", "*", "--json")[1]
    )
    assert added["key"].startswith("pop_")
    assert [key.name for key in read_keys(Path(file))] == ["studio", "a"]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--host", "0.0.0.0"], "host: '0.0.0.0' can be reached from other machines"),
        (["--host", "::"], "host: '::' can be reached from other machines"),
        (["--host", "example.org"], "host: 'example.org' can be reached from other machines"),
        (["--keys", "{folder}/none.json"], "keys: {folder}/none.json cannot be read"),
        (["--jobs", "{folder}/jobs"], "jobs: are ordered by keys with the action 'submit'"),
        (["--allow-origin", "*"], "allow-origin: '*' is no origin"),
        (["--allow-origin", "https://a.example/b"], "allow-origin: 'https://a.example/b' is no"),
        (["--audit", "{folder}"], None),
        (["{folder}/ghost"], "file://{folder}/ghost holds no catalog"),
    ],
)
def test_what_cannot_be_served_is_one_line(
    catalog: str, tmp_path: Path, options: list[str], line: str | None
) -> None:
    filled = [option.format(folder=tmp_path) for option in options]
    code, out, err = invoke("serve", catalog, "--port", "0", *filled)
    assert code == 2
    assert out == ""
    if line is not None:
        assert err.startswith(f"populace: {line.format(folder=tmp_path)}")
        assert len(err.splitlines()) == 1


def test_a_port_that_is_taken_is_named(catalog: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = invoke("serve", catalog, "--port", str(port))
    assert code == 2
    assert err.startswith(f"populace: port: 127.0.0.1:{port} cannot be had")


def test_a_service_on_all_addresses_answers_keys_and_ends_well(
    catalog: str, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.json"
    text = add_key(keys, "studio", ["demo"], ["read", "pull"])
    command = [sys.executable, "-m", "pipeline.cli", "serve", catalog, "--host", "0.0.0.0"]
    with subprocess.Popen(
        [*command, "--port", "0", "--keys", str(keys)], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            assert line.startswith("Serving demo at http://0.0.0.0:"), line
            url = line.split()[-1].replace("0.0.0.0", "127.0.0.1")
            with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {text}"}) as client:
                assets = client.get("v1/catalogs/demo/assets").json()
                assert assets["total"] == 24
                name = assets["rows"][0]["asset_id"]
                image = client.get(f"v1/catalogs/demo/assets/{name}/image")
                assert image.content[:2] == b"\xff\xd8"
            assert httpx.get(f"{url}v1/catalogs").status_code == 401
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()
        assert process.stderr.read() == ""
    (line,) = (tmp_path / "keys.json.audit.jsonl").read_text().splitlines()
    entry = json.loads(line)
    assert (entry["action"], entry["key"], entry["asset"]) == ("image", "studio", name)
