"""Jobs that were ordered run one after the other, and are known after any restart."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from fastapi.testclient import TestClient

from pipeline.errors import SpecError
from pipeline.service import job_processes
from pipeline.service.app import create_app
from pipeline.service.audit_log import AuditLog
from pipeline.service.jobs import Jobs
from pipeline.service.keys import KeyRing
from pipeline.service.library import Library

SPEC = {"name": "villagers", "count": 4, "generator": "builtin:null", "scorer": "builtin:null"}

# In place of `populace run`: does what the job's name says.
STAND_IN = """
import sys, time
from pathlib import Path
import yaml
spec = yaml.safe_load(Path(sys.argv[1]).read_text())
output = Path(sys.argv[3])
print("begins", flush=True)
with (output.parent.parent / "order.txt").open("a") as order:
    order.write(spec["name"] + "\\n")
if spec["name"] == "fails":
    sys.exit(f"populace: output: {output} cannot be written")
if spec["name"] == "dies":
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)
if spec["name"] == "deaf":
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    spec["name"] = "waits"
    print("is deaf", flush=True)
while spec["name"] == "waits" and not (output.parent.parent / "go").exists():
    time.sleep(0.05)
sys.path.insert(0, {root!r})
from pipeline.catalog.seal import seal
from pipeline.storage import open_store
from tests.catalog.fake_job import FakeJob
store = open_store(str(output))
seal(store, FakeJob(per_cell=1).run(store))
"""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[], Jobs]]:
    """Makes a service's jobs in one folder, as a restart would; all are stopped at the end."""
    script = tmp_path / "stand_in.py"
    script.write_text(dedent(STAND_IN).replace("{root!r}", repr(str(Path.cwd()))))
    made = []

    def jobs() -> Jobs:
        jobs = Jobs(tmp_path / "jobs", Library({}), 1000, command=[sys.executable, str(script)])
        made.append(jobs)
        return jobs

    yield jobs
    for one in made:
        one.stop()


def until(jobs: Jobs, job: str, *states: str) -> dict:
    """The document of a job once it is in one of the states."""
    for _ in range(600):
        found = jobs.document(job, "me")
        if found["state"] in states:
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def pid_of(jobs: Jobs, job: str) -> int:
    """The id of the process of a job that runs."""
    with jobs._lock:  # it runs a moment before its id is written, and is begun under this
        return int((jobs.folder / job / "lock").read_text())


def order(jobs: Jobs, name: str = "villagers") -> str:
    return jobs.submit(SPEC | {"name": name}, "me", "studio")


def test_a_job_runs_to_a_catalog_that_is_served(make) -> None:
    jobs = make()
    job = order(jobs)
    assert jobs.document(job, "me")["state"] == "queued"
    jobs.start()
    found = until(jobs, job, "done", "failed")
    assert found["state"] == "done", found
    assert found["catalog"] == f"job-{job}"
    assert (found["error"], found["log"]) == (None, ["begins"])
    assert found["submitted"] <= found["started"] <= found["finished"]
    assert jobs.library.get(f"job-{job}").count() == 6
    with pytest.raises(SpecError, match=r"^jobs: another service runs those in"):
        make()
    jobs.stop()
    again = make()
    assert again.library.get(f"job-{job}").count() == 6
    assert again.document(job, "me") == found


def test_who_sees_a_job_done_finds_its_catalog(make, monkeypatch) -> None:
    jobs = make()
    serve = jobs._serve

    def slowly(job: str) -> None:
        time.sleep(0.5)
        serve(job)

    monkeypatch.setattr(jobs, "_serve", slowly)
    job = order(jobs)
    jobs.start()
    until(jobs, job, "done")
    assert jobs.library.get(f"job-{job}").count() == 6


def test_a_job_that_ends_while_jobs_are_tended_is_not_run_again(make, tmp_path: Path) -> None:
    class Slow(job_processes.Processes):
        def ended(self) -> dict[str, int]:
            codes = super().ended()
            time.sleep(1)
            return codes

    jobs = make()
    jobs._processes = Slow(jobs.folder, jobs.command)
    job = order(jobs, "fails")
    jobs.start()
    assert "cannot be written" in until(jobs, job, "failed")["error"]
    assert (tmp_path / "jobs" / "order.txt").read_text().split() == ["fails"]


def test_a_job_that_fails_says_why_and_not_where(make, tmp_path: Path) -> None:
    jobs = make()
    job = order(jobs, "fails")
    jobs.start()
    found = until(jobs, job, "done", "failed")
    assert (found["state"], found["catalog"]) == ("failed", None)
    assert found["error"] == "output: ./output cannot be written"
    assert str(tmp_path) not in json.dumps(found)


def test_jobs_run_in_their_order_one_at_a_time(make, tmp_path: Path) -> None:
    jobs = make()
    ordered = [order(jobs, name) for name in ("waits", "second", "third")]
    submitted = [jobs.document(job, "me")["submitted"] for job in ordered]
    assert submitted == sorted(set(submitted))
    jobs.start()
    until(jobs, ordered[0], "running")
    time.sleep(1.2)
    assert [jobs.document(job, "me")["state"] for job in ordered] == ["running", "queued", "queued"]
    (tmp_path / "jobs" / "go").touch()
    for job in ordered:
        assert until(jobs, job, "done", "failed")["state"] == "done"
    assert (tmp_path / "jobs" / "order.txt").read_text().split() == ["waits", "second", "third"]


def test_a_job_goes_on_while_the_service_restarts(make, tmp_path: Path) -> None:
    jobs = make()
    job = order(jobs, "waits")
    jobs.start()
    until(jobs, job, "running")
    jobs.stop()
    again = make()
    again.start()
    assert again.document(job, "me")["state"] == "running"
    (tmp_path / "jobs" / "go").touch()
    assert until(again, job, "done", "failed")["state"] == "done"
    assert again.library.get(f"job-{job}").count() == 6


def test_a_job_that_was_killed_is_begun_again_but_not_forever(make, tmp_path: Path) -> None:
    jobs = make()
    job = order(jobs, "dies")
    jobs.start()
    found = until(jobs, job, "done", "failed")
    assert found["state"] == "failed"
    assert found["error"] == "was broken off 3 times; see its log"
    assert (tmp_path / "jobs" / "order.txt").read_text().split() == ["dies"] * 3


def test_a_job_that_cannot_be_begun_has_failed(make) -> None:
    jobs = make()
    job = order(jobs)
    jobs._processes = job_processes.Processes(jobs.folder, ["/no/such/program"])
    jobs.start()
    assert until(jobs, job, "failed")["error"].startswith("was broken off 3 times")


def test_a_job_can_be_stopped_while_it_waits_and_while_it_runs(make) -> None:
    jobs = make()
    running, waiting = order(jobs, "waits"), order(jobs)
    jobs.start()
    until(jobs, running, "running")
    assert jobs.cancel(waiting, "me")["state"] == "stopped"
    pid = pid_of(jobs, running)
    assert jobs.cancel(running, "me")["error"] == "was stopped as asked"
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.1)
    else:
        os.kill(pid, signal.SIGKILL)
        raise AssertionError("it runs on")
    time.sleep(1.2)
    assert [jobs.document(job, "me")["state"] for job in (running, waiting)] == ["stopped"] * 2


def test_nobody_sees_the_jobs_of_others(make, library: Library, keys: Path, key, tmp_path) -> None:
    jobs = make()
    jobs.library = library = Library(dict(library.items()))
    log = tmp_path / "audit.jsonl"
    app = create_app(library, KeyRing(keys), jobs=jobs, audit=AuditLog(log))
    mine, other = key("submit", "read", name="mine"), key("submit", "read", name="other")
    with TestClient(app) as client:
        answer = client.post("/v1/jobs", json=SPEC, headers=mine)
        assert answer.status_code == 202
        job = answer.json()["id"]
        assert answer.headers["location"] == f"/v1/jobs/{job}"
        for method in (client.get, client.delete):
            assert method(f"/v1/jobs/{job}", headers=other).status_code == 404
        assert client.get("/v1/jobs", headers=other).json() == {"jobs": []}
        assert [one["id"] for one in client.get("/v1/jobs", headers=mine).json()["jobs"]] == [job]
        for _ in range(600):
            found = client.get(f"/v1/jobs/{job}", headers=mine).json()
            if found["state"] in ("done", "failed"):
                break
            time.sleep(0.1)
        assert found["state"] == "done", found
        path = f"/v1/catalogs/{found['catalog']}/assets"
        assert client.get(path, headers=mine).json()["total"] == 6
        assert client.get(path, headers=other).status_code == 403
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["action"] for line in lines] == ["submit", "stop"]
    assert lines[0]["job"] == job


def test_only_a_key_that_may_submit_orders_jobs(make, library: Library, keys: Path, key) -> None:
    client = TestClient(create_app(library, KeyRing(keys), jobs=make()))
    reader = key("read", "pull")
    assert client.post("/v1/jobs", json=SPEC).status_code == 401
    assert client.post("/v1/jobs", json=SPEC, headers=reader).status_code == 403
    assert client.get("/v1/jobs", headers=reader).status_code == 403


@pytest.mark.parametrize(
    "kind", [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_page_from_elsewhere_orders_nothing_with_the_key_of_its_visitor(
    make, library: Library, keys: Path, key, kind: str | None
) -> None:
    jobs = make()
    client = TestClient(create_app(library, KeyRing(keys), jobs=jobs))
    visitor = ("", key("submit", "read")["Authorization"].removeprefix("Bearer "))
    spec, draw = json.dumps(SPEC), json.dumps({"count": 1})
    headers = {} if kind is None else {"Content-Type": kind}
    for path, body in (("/v1/jobs", spec), ("/v1/catalogs/packs/draws", draw)):
        answer = client.post(path, content=body, headers=headers, auth=visitor)
        assert answer.status_code == 422
        assert answer.json()["error"]["field"] == "content-type"
    assert [path.name for path in jobs.folder.iterdir()] == [".lock"]
    json_named = {"Content-Type": "Application/JSON; charset=utf-8"}
    answer = client.post("/v1/jobs", content=spec, headers=json_named, auth=visitor)
    assert answer.status_code == 202


def test_without_keys_there_are_no_jobs(make, library: Library) -> None:
    with pytest.raises(SpecError, match=r"^jobs: are ordered by keys"):
        create_app(library, jobs=make())
    assert TestClient(create_app(library)).post("/v1/jobs", json=SPEC).status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"output": "/etc"}, "output"),
        ({"output": {"uri": "s3://bucket", "endpoint": "http://10.0.0.1"}}, "output"),
        ({"workers": 10_000}, "workers"),
        ({"generator": {"checkpoint": "/etc/passwd"}}, "generator"),
        ({"generator": {"checkpoint": "https://10.0.0.1/x.pkl"}}, "generator"),
        ({"scorer": {"model": "s3://bucket/x.onnx", "card": "/etc/passwd"}}, "scorer"),
        ({"generator": ["builtin:null"]}, "generator"),
        ({"balance": {"table": "/etc/passwd"}}, "balance.table"),
        ({"balance": {"table": "../../secret.csv"}}, "balance.table"),
        ({"count": 1001}, "count"),
        ({"count": 0}, "count"),
        ({"max_attempts": 20_001}, "max_attempts"),
        ({"name": "../../x"}, "name"),
        ({"colour": "blue"}, "colour"),
        ({"balance": {"age": {"18-29": float("inf")}}}, "spec"),
        ({"license": "\ud800"}, "spec"),
    ],
)
def test_an_order_that_reaches_beyond_its_folder_is_refused(make, change, field) -> None:
    jobs = make()
    with pytest.raises(SpecError, match=f"^{field}: "):
        jobs.submit(SPEC | change, "me", "studio")
    assert [path.name for path in jobs.folder.iterdir()] == [".lock"]


def test_variations_count_towards_the_most_faces_of_a_job(make) -> None:
    jobs = make()
    people = SPEC | {"generator": "builtin:heads", "variations": {"age": [20, 40], "yaw": [0, 20]}}
    with pytest.raises(
        SpecError, match=r"^count: 251 faces in 4 pictures each are more than 1,000"
    ):
        jobs.submit(people | {"count": 251}, "me", "studio")
    jobs.submit(people | {"count": 250}, "me", "studio")


def test_a_job_that_takes_too_long_has_failed_and_the_next_begins(make, tmp_path: Path) -> None:
    jobs = make()
    long, following = order(jobs, "waits"), order(jobs, "fails")
    jobs.start()
    until(jobs, long, "running")
    assert jobs.document(long, "me")["state"] == "running"
    jobs.stop()
    began = "2020-01-01T00:00:00+00:00"
    jobs._keep(long, replace(jobs._ticket(long), started=began))
    again = make()  # which knows how long it runs, though another service began it
    again.start()
    found = until(again, long, "failed")
    assert found["error"] == "took longer than 24 hours; order fewer faces"
    assert "cannot be written" in until(again, following, "failed")["error"]
    assert jobs._processes._begun[long].wait(60) == -signal.SIGTERM


def test_a_job_that_does_not_stop_when_told_is_killed(make, monkeypatch) -> None:
    monkeypatch.setattr(job_processes, "_GRACE", 0.2)
    jobs = make()
    deaf = order(jobs, "deaf")
    jobs.start()
    until(jobs, deaf, "running")
    for _ in range(200):
        if "is deaf" in (jobs.folder / deaf / "log.txt").read_text():
            break
        time.sleep(0.1)
    process = jobs._processes._begun[deaf]
    assert jobs.cancel(deaf, "me")["state"] == "stopped"
    assert process.wait(60) == -signal.SIGKILL
    assert jobs.document(deaf, "me")["state"] == "stopped"


def test_a_process_that_no_service_knows_is_left_alone(make) -> None:
    jobs = make()
    running = order(jobs, "waits")
    jobs.start()
    until(jobs, running, "running")
    pid = pid_of(jobs, running)
    (jobs.folder / running / "lock").write_text(
        ""
    )  # as if the service had died in the moment of beginning it
    assert jobs.cancel(running, "me")["state"] == "stopped"  # and nobody is signalled
    os.kill(pid, signal.SIGKILL)


def test_only_so_many_jobs_may_wait(make) -> None:
    jobs = make()
    for _ in range(20):
        order(jobs)
    with pytest.raises(Exception, match="20 wait already") as refusal:
        order(jobs)
    assert refusal.value.status == 429


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpecError, match=r"^jobs: the folder .* cannot be made"):
        Jobs(tmp_path / "file" / "jobs", Library({}))
