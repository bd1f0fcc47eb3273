"""Workers get the CPUs and GPUs that they use, and no others."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from rich.console import Console

from pipeline.engine import cluster, driver
from pipeline.engine.cluster import Seats, seats
from pipeline.engine.progress import Progress
from pipeline.errors import JobError
from pipeline.models import device
from pipeline.spec import JobSpec, parse_spec
from tests.engine.test_driver import Watch

CARD = {"checkpoint": "net.pkl"}


def spec(**changes: Any) -> JobSpec:
    return parse_spec({"name": "a", "count": 10, "output": "./x", **changes})


@pytest.mark.parametrize(
    ("resources", "workers", "takes_gpu", "expected"),
    [
        ({"CPU": 96.0, "GPU": 1.0}, "auto", False, Seats(96, 0.0)),
        ({"CPU": 96.0, "GPU": 1.0}, "auto", True, Seats(1, 1.0)),
        ({"CPU": 4.0, "GPU": 8.0}, "auto", True, Seats(4, 1.0)),
        ({"CPU": 4.0, "GPU": 8.0}, 2, True, Seats(2, 1.0)),
        ({"CPU": 4.0}, "auto", True, Seats(4, 0.0)),
        ({"CPU": 4.0}, 9, False, Seats(4, 0.0)),
    ],
)
def test_a_gpu_that_is_not_used_rules_nothing(
    resources: dict[str, float], workers: Any, takes_gpu: bool, expected: Seats
) -> None:
    assert seats(resources, workers, takes_gpu) == expected


@pytest.mark.parametrize("resources", [{}, {"GPU": 2.0}])
def test_a_cluster_without_room_is_refused(resources: dict[str, float]) -> None:
    with pytest.raises(JobError, match="no CPU to offer"):
        seats(resources, 1, True)


def test_networks_take_a_gpu_and_what_is_built_in_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for able in (False, True):
        monkeypatch.setattr(device, "onnx_takes_gpu", lambda able=able: able)
        assert not spec().takes_gpu
        assert not spec(generator="builtin:null", scorer="builtin:null").takes_gpu
        assert spec(generator=CARD).takes_gpu
        assert spec(generator={"checkpoint": "https://host/net.onnx?key=x"}).takes_gpu == able


def test_rows_name_what_renders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a card")
    assert device.device_name(gpu=True) == "a card"
    name = device.device_name(gpu=False)
    assert name.startswith("cpu ")
    assert len(name.split()) == 4  # with the processor's maker and model


def test_fewer_workers_than_asked_for_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def small(address: str | None, workers: Any, takes_gpu: bool) -> Iterator[Seats]:
        yield seats({"CPU": 4.0}, workers, takes_gpu)

    monkeypatch.setattr(cluster, "cluster", small)
    for asked, most, told in ((9, 20, (4, 9)), (9, 3, None), (4, 20, None), (None, 20, None)):
        watch = Watch()
        with driver._seated(spec(), watch, asked, None, most):
            assert getattr(watch, "cap", None) == told
    log = io.StringIO()
    with Progress("demo", 120, Console(file=log)) as view:
        view.capped(4, 9)
    assert log.getvalue().startswith("demo: 4 workers at once, not 9: the cluster has no room")
