"""Run each job as a process of its own, which goes on when the service ends.

A process holds the lock of its job's folder for as long as it lives, and its id stands there: by
that it is found, whichever service began it.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

RUN = (sys.executable, "-m", "pipeline.cli", "run")
"""The command that runs a job; the spec's path and `--output` follow."""

_GRACE = 60.0
"""Seconds that a process that was told to stop may take, before it is killed."""


class Processes:
    """The processes of the jobs in a folder, at most one a job."""

    def __init__(self, folder: Path, command: Sequence[str] = RUN) -> None:
        self._folder, self._command = folder, command
        self._begun: dict[str, subprocess.Popen[bytes]] = {}
        self._told: dict[str, tuple[int, float]] = {}

    def begin(self, job: str) -> None:
        """Run a job."""
        place = self._folder / job
        with (place / "lock").open("wb") as lock, (place / "log.txt").open("ab") as log:
            # The child inherits the lock. Others have it only while they look (`lives`).
            fcntl.flock(lock, fcntl.LOCK_EX)
            process = subprocess.Popen(
                [*self._command, str(place / "job.yaml"), "--output", str(place / "output")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[lock.fileno()],
                start_new_session=True,
            )
            lock.write(str(process.pid).encode())
        self._begun[job] = process

    def ended(self) -> dict[str, int]:
        """Those begun here that have ended and are not forgotten, with their exit codes.

        The code of one that a signal ended is the signal's number, negative.
        """
        codes = {job: process.poll() for job, process in self._begun.items()}
        return {job: code for job, code in codes.items() if code is not None}

    @property
    def begun(self) -> Collection[str]:
        """Those begun here that are not forgotten, be it that they have ended since."""
        return self._begun.keys()

    def forget(self, job: str) -> None:
        """Tell no more of how a job ended."""
        del self._begun[job]

    def lives(self, job: str) -> bool:
        """Whether a process runs this job, be it ours or one of a service before."""
        try:
            with (self._folder / job / "lock").open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def stop(self, job: str) -> None:
        """Tell the process of a job that lives to stop; `insist` on it later."""
        told = (self._folder / job / "lock").read_text()
        if not told:  # its service died in the moment of beginning it
            return
        pid = int(told)
        self._told[job] = (pid, time.monotonic() + _GRACE)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)

    def insist(self) -> bool:
        """Kill, with all that they began, those told to stop that did not; whether any are left."""
        for job, (pid, until) in list(self._told.items()):
            if not self.lives(job):
                del self._told[job]
            elif time.monotonic() > until:
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
        return bool(self._told)
