"""The state of a run on disk."""

from pathlib import Path

import torch

from pipeline.attributes.network import HeadsNetwork
from pipeline.training.checkpoint import Checkpoint, beginning


def stepped() -> tuple[HeadsNetwork, torch.optim.Optimizer]:
    """A network after one step, and its optimizer."""
    model = HeadsNetwork()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    torch.autograd.backward(model(torch.rand(2, 3, 128, 128)).realism.sum())
    optimizer.step()
    return model, optimizer


def fresh() -> tuple[HeadsNetwork, torch.optim.Optimizer]:
    model = HeadsNetwork()
    return model, torch.optim.AdamW(model.parameters(), lr=0.5)


def test_a_run_comes_back_as_it_was(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "fit.pt", "run")
    model, optimizer = stepped()
    kept.save(7, model, model, optimizer)
    other, its_optimizer = fresh()
    assert kept.restore(other, HeadsNetwork(), its_optimizer) == 7
    found = other.state_dict()
    assert all(torch.equal(found[name], value) for name, value in model.state_dict().items())
    assert its_optimizer.param_groups[0]["lr"] == 0.01
    assert len(its_optimizer.state) == len(optimizer.state)
    kept.remove()
    assert not list(tmp_path.iterdir())


def test_a_file_tells_what_its_run_began_from(tmp_path: Path) -> None:
    path = tmp_path / "fit.pt"
    assert beginning(path) is None
    model, optimizer = stepped()
    Checkpoint(path, "run").save(1, model, model, optimizer)
    assert beginning(path) == ""
    Checkpoint(path, "run", "abc").save(1, model, model, optimizer)
    assert beginning(path) == "abc"


def test_no_file_a_torn_one_and_another_run_start_from_nothing(tmp_path: Path) -> None:
    path = tmp_path / "fit.pt"
    model, optimizer = stepped()
    assert Checkpoint(path, "run").restore(model, model, optimizer) == 0
    Checkpoint(path, "run").save(7, model, model, optimizer)
    assert Checkpoint(path, "other").restore(model, model, optimizer) == 0
    path.write_bytes(path.read_bytes()[:5000])
    assert Checkpoint(path, "run").restore(model, model, optimizer) == 0
    path.write_bytes(b"no checkpoint at all")
    assert Checkpoint(path, "run").restore(model, model, optimizer) == 0
