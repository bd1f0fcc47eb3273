"""One training run on the devices of a Ray cluster: here, CPUs of one machine."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import ray
import torch
import yaml
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.engine import ranks
from pipeline.engine.cluster import Seats
from pipeline.engine.ranks import train_on_cluster
from pipeline.errors import JobError, SpecError
from pipeline.training.gan.run import train_gan
from tests.training.gan.test_devices import state_of
from tests.training.gan.test_run import silent
from tests.training.gan.tiny import spec


class Mortal(ranks._Rank):
    """The second of these dies when the first state is there."""

    def work(self, work: Any, backend: str, meeting: Any, count: int, rank: int) -> None:
        def die() -> None:
            while not Path("there/state.pt").exists():
                time.sleep(0.005)
            os._exit(1)

        if rank == 1:
            threading.Thread(target=die, daemon=True).start()
        super().work(work, backend, meeting, count, rank)


def test_a_cluster_learns_what_this_machine_learns_though_an_actor_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranks, "POLL", 0.05)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))  # of actors, for `Mortal`
    monkeypatch.chdir(tmp_path)  # the paths of a spec are those of the command
    here, there = (spec(Path(name), devices=2) for name in ("here", "there"))
    train_gan(here, silent)
    with monkeypatch.context() as patch:
        patch.setattr(ranks, "_Rank", Mortal)
        with pytest.raises(JobError, match=r"^train gan: process [12] of 2 (died|failed) \("):
            train_on_cluster(there, None, silent)
    assert not ray.is_initialized()
    assert 0 < state_of(there)["/step"] < there.steps
    lines: list[str] = []
    card = train_on_cluster(there, None, lines.append)
    assert card["seen"] == 96
    assert lines[-1] == "judge and write"
    one, other = state_of(here), state_of(there)
    assert [name for name in one if not torch.equal(one[name], other[name])] == []
    # The error of a rank is the run's.
    longer = there.adversarial.model_dump() | {"kimg": 0.056}
    (tmp_path / "there" / "state.pt").write_bytes(b"torn")
    with pytest.raises(SpecError, match=r"state.pt: is no state of this run; delete it"):
        train_on_cluster(spec(Path("there"), devices=2, adversarial=longer), None, silent)


@pytest.mark.parametrize(
    ("changes", "seats", "expected"),
    [
        ({"devices": 3}, Seats(8, 1.0), 3),
        ({"devices": "auto"}, Seats(8, 1.0), 8),
        ({"devices": "auto"}, Seats(8, 0.0), 1),
        ({"devices": 9}, Seats(8, 0.0), "devices: 9, but the cluster has 8; write auto."),
        ({"device": "cuda"}, Seats(8, 0.0), "device: 'cuda' is not to be had in the cluster;"),
    ],
)
def test_ranks_are_as_many_as_are_asked_for(
    changes: dict[str, Any], seats: Seats, expected: int | str, tmp_path: Path
) -> None:
    wanted = spec(tmp_path / "run", **changes)
    if isinstance(expected, int):
        assert ranks._count(wanted, seats) == expected
        return
    with pytest.raises(SpecError) as refused:
        ranks._count(wanted, seats)
    assert str(refused.value).startswith(expected)


def test_a_node_that_does_not_see_the_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ranks, "_node", lambda: "10.0.0.7")
    rank = ranks._Rank(tmp_path / "nowhere", "run")
    with pytest.raises(SpecError, match=r"^to: the folder run is not to be seen on 10.0.0.7; give"):
        rank.work(silent, "gloo", ("10.0.0.7", 1), 2, 0)


def test_the_command_says_what_a_cluster_cannot_do(tmp_path: Path) -> None:
    content = spec(tmp_path / "run").plain()
    for changes, code, sentence in (
        ({"data": {"count": 24, "first": 8}}, 2, "data.first: 8 needs pictures and network on one"),
        ({"data": {"count": 24}}, 1, "Ray at 127.0.0.1:1 cannot be reached"),
    ):
        path = tmp_path / "spec.yaml"
        path.write_text(yaml.safe_dump(content | changes))
        told = CliRunner().invoke(main, ["train", "gan", str(path), "--address", "127.0.0.1:1"])
        assert sentence in told.output, told.output
        assert told.exit_code == code
        assert not (tmp_path / "run").exists()
