"""Run ordered jobs one after the other, each in a folder that tells all of it, whoever asks when.

    <folder>/<job>/job.yaml       what was ordered         <folder>/<job>/log.txt       what it said
    <folder>/<job>/ticket.json    by whom, when            <folder>/<job>/output/       its catalog
    <folder>/<job>/lock           held while it runs       <folder>/<job>/outcome.json  its end

A job runs in a process of its own, which goes on when the service ends. A service that starts finds
it by its lock; what neither runs nor has an outcome is run again, and goes on where it stopped.
"""

import fcntl
import json
import logging
import os
import re
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

import yaml

from pipeline.catalog.layout import CATALOG_KEY
from pipeline.catalog.read import Catalog
from pipeline.engine.missing import Missing
from pipeline.errors import PopulaceError, SpecError, StoreError
from pipeline.service.job_processes import RUN, Processes
from pipeline.service.library import Library
from pipeline.service.ordered_spec import ordered_spec
from pipeline.service.refusal import Refusal
from pipeline.storage import open_store

State = Literal["queued", "running", "done", "failed", "stopped"]

_LOG = logging.getLogger("populace.service")
_ID = re.compile(r"[0-9a-f]{16}")
_TICK = 0.5
_MOST_WAITING = 20
_MOST_STARTS = 3
_LOG_BYTES = 4_000
_LATEST = 100
_TOLD_TO_STOP = 130


@dataclass(frozen=True)
class Ticket:
    """Who ordered a job, what and when.

    starts: how often it was begun; at last at `started`.
    """

    owner: str
    owner_name: str
    name: str
    count: int
    shard_size: int
    submitted: str
    starts: int = 0
    started: str | None = None


_TICKET = tuple(field.name for field in fields(Ticket))


@dataclass
class Jobs:
    """The jobs in a folder, which is this service's alone until `stop`.

    library: gets the catalogs of jobs that are done, as `job-<id>`. most_faces: pictures to a job.
    most_hours: a job that runs longer, since it was last begun, has failed. at_once: how many run
    at a time.
    """

    folder: Path
    library: Library
    most_faces: int = 100_000
    most_hours: float = 24.0
    at_once: int = 1
    command: Sequence[str] = RUN
    _claim: BinaryIO = field(init=False)
    _processes: Processes = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _wake: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.folder = self.folder.absolute()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SpecError(
                f"jobs: the folder {self.folder} cannot be made ({error.strerror}); choose another"
            ) from error
        self._processes = Processes(self.folder, self.command)
        self._claim = (self.folder / ".lock").open("wb")
        try:
            fcntl.flock(self._claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._claim.close()
            raise SpecError(
                f"jobs: another service runs those in {self.folder}; choose another folder"
            ) from None
        for job in self._ids():
            if self._outcome(job).get("state") == "done":
                self._serve(job)

    def start(self) -> None:
        """Begin to run what waits, in a thread, until `stop`."""
        self._ended.clear()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin no more jobs, and leave the folder to others; jobs that run go on."""
        self._ended.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self._claim.close()

    def submit(self, spec: Mapping[str, Any], owner: str, owner_name: str) -> str:
        """Order a job; its id.

        Raises SpecError for a spec that cannot be meant or that reaches beyond its own folder,
        Refusal 429 where too many wait.
        """
        job = secrets.token_hex(8)
        place = self.folder / job
        output = place / "output"
        checked = ordered_spec(spec, output, self.most_faces)
        with self._lock:
            waiting = sum(self._state(one) == "queued" for one in self._ids())
            if waiting >= _MOST_WAITING:
                message = f"{waiting} wait already; try again when some are done"
                raise Refusal(429, "jobs", message, retry_after=60)
            _write(place / "job.yaml", yaml.safe_dump(dict(spec) | {"output": str(output)}))
            # Last: a folder without a ticket is no job.
            what = (checked.name, checked.count, checked.shard_size)
            self._keep(job, Ticket(owner, owner_name, *what, _stamp()))
        self._wake.set()
        return job

    def documents(self, owner: str) -> list[dict[str, Any]]:
        """What is known of the latest of someone's jobs, the last first."""
        mine = [
            (t.submitted, job) for job in self._ids() if (t := self._ticket(job)).owner == owner
        ]
        return [self.document(job, owner) for _, job in sorted(mine, reverse=True)[:_LATEST]]

    def document(self, job: str, owner: str) -> dict[str, Any]:
        """What is known of a job; Refusal 404 where there is none, or it is someone else's."""
        self._check(job, owner)
        state, outcome = self._now(job)
        ticket = self._ticket(job)
        return {
            "id": job,
            "name": ticket.name,
            "state": state,
            "submitted": ticket.submitted,
            "started": ticket.started,
            "finished": outcome.get("finished"),
            "error": outcome.get("error"),
            "catalog": _name_of(job) if state == "done" else None,
            "faces": ticket.count,
            "faces_done": self._faces_done(job, ticket),
            "log": self._tail(job),
        }

    def cancel(self, job: str, owner: str) -> dict[str, Any]:
        """Stop a job that waits or runs; what is known of it then."""
        self._check(job, owner)
        with self._lock:
            if "state" not in self._outcome(job):
                self._end(job, "stopped", "was stopped as asked")
        return self.document(job, owner)

    def owner_of(self, catalog: str) -> str | None:
        """Whose job made a catalog; None for those of no job."""
        job = catalog.removeprefix("job-")
        return self._ticket(job).owner if catalog == _name_of(job) and self._is(job) else None

    def _work(self) -> None:
        while not self._ended.is_set():
            self._wake.clear()
            more = True
            try:
                with self._lock:
                    more = self._tend()
            except Exception:
                _LOG.exception("jobs in %s", self.folder)
            self._wake.wait(_TICK if more else None)

    def _tend(self) -> bool:
        """Note what has ended, and begin what waits; whether there is more to tend."""
        unfinished = [job for job in self._ids() if "state" not in self._outcome(job)]
        ended = self._processes.ended()
        running = 0
        for job in ended.keys() - unfinished:  # were stopped
            self._processes.forget(job)
        for job in unfinished:
            if job in ended:
                self._note_end(job, ended[job])
                self._processes.forget(job)
            elif self._processes.lives(job):
                if self._late(job):
                    message = f"took longer than {self.most_hours:g} hours; order fewer faces"
                    self._end(job, "failed", message)
                else:
                    running += 1
        dying = self._processes.insist()
        waiting = [job for job in unfinished if self._state(job) == "queued"]
        waiting.sort(key=lambda job: (self._ticket(job).submitted, job))
        for job in waiting[: max(0, self.at_once - running)]:
            self._begin(job)
        return bool(unfinished or dying or self._processes.begun)

    def _begin(self, job: str) -> None:
        ticket, output = self._ticket(job), self.folder / job / "output"
        if (output / CATALOG_KEY).exists():  # it ended while no service was there
            self._note_end(job, 0)
        elif ticket.starts >= _MOST_STARTS:
            self._finish(job, "failed", f"was broken off {ticket.starts} times; see its log")
        else:
            # First: a job that runs and has no start would never be late.
            self._keep(job, replace(ticket, starts=ticket.starts + 1, started=_stamp()))
            self._processes.begin(job)

    def _note_end(self, job: str, code: int) -> None:
        if code == 0:
            self._serve(job)  # first: who sees it done asks for its catalog
            self._finish(job, "done")
        elif code > 0 and code != _TOLD_TO_STOP:
            self._finish(job, "failed", self._complaint(job))
        # Otherwise by a signal, as where the machine is shut down: it is begun again.

    def _late(self, job: str) -> bool:
        """Whether a job that runs does so for longer than it may."""
        started = self._ticket(job).started
        if started is None:
            return False
        hours = (datetime.now(UTC) - datetime.fromisoformat(started)).total_seconds() / 3600
        return hours > self.most_hours

    def _end(self, job: str, state: State, error: str) -> None:
        """Note how a job ended that waits or runs, and tell its process to stop."""
        lives = self._processes.lives(job)
        self._finish(job, state, error)
        if lives:
            self._processes.stop(job)

    def _finish(self, job: str, state: State, error: str | None = None) -> None:
        outcome = {"state": state, "error": error, "finished": _stamp()}
        _write(self.folder / job / "outcome.json", json.dumps(outcome))

    def _keep(self, job: str, ticket: Ticket) -> None:
        _write(self.folder / job / "ticket.json", json.dumps(vars(ticket)))

    def _serve(self, job: str) -> None:
        try:
            self.library.add(_name_of(job), Catalog.open(str(self.folder / job / "output")))
        except PopulaceError as error:
            _LOG.error("job %s: %s", job, error)

    def _state(self, job: str) -> State:
        return self._now(job)[0]

    def _now(self, job: str) -> tuple[State, dict[str, Any]]:
        """A job's state, and the outcome that goes with it."""
        # What ends between the two has an outcome; what has ended and is not noted yet still runs.
        runs = job in self._processes.begun or self._processes.lives(job)
        outcome = self._outcome(job)
        return outcome.get("state") or ("running" if runs else "queued"), outcome

    def _faces_done(self, job: str, ticket: Ticket) -> int:
        """Faces made and committed."""
        store = open_store(str(self.folder / job / "output"))
        return ticket.count - Missing(store, ticket.count, ticket.shard_size).faces

    def _tail(self, job: str) -> list[str]:
        """The last lines that the job printed, without the places of this machine."""
        try:
            with (self.folder / job / "log.txt").open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_BYTES))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return []
        text = text.replace(str(self.folder / job), ".").replace(str(self.folder), ".")
        return ["".join(c for c in line if c.isprintable()) for line in text.splitlines()][-20:]

    def _complaint(self, job: str) -> str:
        """What the job said was wrong."""
        lines = [line for line in self._tail(job) if line.strip()]
        said = [line for line in lines if line.startswith("populace: ")]
        return (said or lines or ["it ended without a word"])[-1].removeprefix("populace: ")

    def _ids(self) -> list[str]:
        return [path.name for path in self.folder.iterdir() if self._is(path.name)]

    def _is(self, job: str) -> bool:
        return bool(_ID.fullmatch(job)) and (self.folder / job / "ticket.json").exists()

    def _check(self, job: str, owner: str) -> None:
        if not self._is(job) or self._ticket(job).owner != owner:
            raise Refusal(404, "job", f"{job!r} is none of yours; ask /v1/jobs for them")

    def _ticket(self, job: str) -> Ticket:
        held = _read(self.folder / job / "ticket.json")
        return Ticket(**{name: held[name] for name in _TICKET if name in held})

    def _outcome(self, job: str) -> dict[str, Any]:
        try:
            return _read(self.folder / job / "outcome.json")
        except FileNotFoundError:
            return {}


def _name_of(job: str) -> str:
    return f"job-{job}"


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _write(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    hidden = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        hidden.write_text(text, encoding="utf-8")
        hidden.replace(path)
    except OSError as error:
        hidden.unlink(missing_ok=True)
        raise StoreError(f"jobs: {path} cannot be written ({error.strerror})") from error


def _stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
