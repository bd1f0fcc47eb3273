"""Train the identity network: render people several times, fit, judge and write it."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.attributes import identity as architecture
from pipeline.attributes import network
from pipeline.attributes.identity import Identity, write_identity
from pipeline.errors import SpecError
from pipeline.generators.heads import truth
from pipeline.training import augment, fit_identity, pace, pairs, people
from pipeline.training.checkpoint import Checkpoint
from pipeline.training.draws import Labels
from pipeline.training.edits import edit_figures, edits_of
from pipeline.training.fit_identity import fit
from pipeline.training.identity_card import identity_card
from pipeline.training.labelled_heads import LabelledHeads
from pipeline.training.pairs import Pairs, Pictures
from pipeline.training.renders import Order, render_set
from pipeline.training.verification import cosines, limit_of, verification

VIEWS = 4
"""Pictures of each person."""

SIZE_SHARES = {64: 0.15, 96: 0.20, 128: 0.55, 192: 0.06, 256: 0.04}
"""Picture sizes: previews, the network's own size, and larger ones."""

LEARNED_STRETCH = 1.5
"""How much wider age and tone of every second person to learn from are drawn."""

EDITED = 200
"""At most so many of the people to judge on are edited, too."""

LEAST_HELD_OUT = 8
"""Fewest people to judge on that make sense."""

_FIT_SOURCES = (architecture, augment, fit_identity, network, pace, pairs, people)
"""Code that decides how a fit goes: a checkpoint of other code is not taken up."""

Progress = Callable[[str, int, int], None]
"""Called with the stage ("render learn", "fit", …), what is done of it, and in all."""

Device = Literal["auto", "cpu", "cuda"]


def train_identity(
    out: Path,
    *,
    count: int = 10_000,
    held_out: int = 1_000,
    epochs: int = 100,
    batch: int = 256,
    seed: int = 0,
    workers: int = 1,
    threads: int = 1,
    device: Device = "auto",
    progress: Progress = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Train an identity network and write it to `out`.

    Writes identity.safetensors, identity.json, its figures, and IDENTITY.md, its model card.
    Renders are kept in out/people and the state of the fit in out/identity.pt until it is done, so
    that the same call goes on where it was broken off. Everything follows from the arguments; other
    hardware, and other numbers of threads, may round differently.

    Args:
        out: a folder, made if missing.
        count: people to learn from.
        held_out: other people to judge on.
        epochs: passes over the people; each shows two of a person's pictures.
        batch: people of a batch, two pictures each: all tell each other apart.
        seed: of every draw.
        workers: processes that render, and that make batches.
        threads: of the fit's arithmetic on a processor.
        device: of the fit; auto: CUDA where it is. Pictures are rendered on the processor.
        progress: told of each step.

    Returns:
        The content of identity.json.

    Raises:
        SpecError: a number is too small to train or judge with, or there is no such device.
        JobError: a process died.
    """
    least = {"batch": 2, "count": batch, "held_out": LEAST_HELD_OUT, "epochs": 1}
    given = {"batch": batch, "count": count, "held_out": held_out, "epochs": epochs}
    for name, value in given.items():
        if value < least[name]:
            why = ", the batch, or make --batch smaller" if name == "count" else ""
            raise SpecError(f"train identity: {name} is {value}; give {least[name]} or more{why}.")
    on = _device(device)
    rng = np.random.default_rng(seed)
    learn = _order("learn", people.people(count, VIEWS, rng, LEARNED_STRETCH), rng)
    judge = _order("judge", people.people(held_out, VIEWS, rng), rng)
    checkpoint = Checkpoint(out / "identity.pt", _run_digest(learn.w, epochs, batch, seed))
    render = partial(_rendered, folder=out / "people", workers=workers, progress=progress)
    with _scratch(out / "batches") as folder:
        lesson = Pairs.of(_by_person(render(learn)), folder, batch, seed)
        model = fit(lesson, epochs, workers, threads, on, checkpoint, partial(progress, "fit"))
    held, changed = _by_person(render(judge)), _edited(judge, seed, render)
    progress("judge", 0, 1)
    path = out / "identity.safetensors"
    folded = model.folded()
    write_identity(path, folded, limit=0.0)
    figures = judged(Identity(path), held, changed, truth(judge.w), seed)
    write_identity(path, folded, figures["limit"])
    card = {
        "recipe": {
            "people": count,
            "views": VIEWS,
            "held_out": held_out,
            "epochs": epochs,
            "batch": batch,
            "seed": seed,
            "sizes": {str(size): share for size, share in SIZE_SHARES.items()},
        },
        "generator_digest": LabelledHeads().digest,
        "digest": Identity(path).digest,
        "parameters": sum(value.numel() for value in folded.parameters()),
        "weights_bytes": path.stat().st_size,
        **figures,
    }
    (out / "identity.json").write_text(json.dumps(card, indent=1) + "\n")
    (out / "IDENTITY.md").write_text(identity_card(card))
    checkpoint.remove()
    progress("judge", 1, 1)
    return card


def judged(
    identity: Identity, held: Pictures, changed: Mapping[str, Pictures], known: Labels, seed: int
) -> dict[str, Any]:
    """The limit, and the figures at it.

    Args:
        identity: the network.
        held: uint8 [P, V, S, S, 3], of people not learned from.
        changed: the first pictures of the first of them, edited, by kind: uint8 [E, S, S, 3].
        known: the truth of `held`, name -> [P * V].
        seed: of the bootstrap.

    Returns:
        limit; held_out: as `verification` gives it; in_use: as `edit_figures` does.
    """
    count, views = held.shape[:2]
    found = identity.embed(held.reshape(-1, *held.shape[2:])).reshape(count, views, -1)
    alike = cosines(found)
    limit = limit_of(alike)
    truths = {name: np.reshape(values, (count, views)) for name, values in known.items()}
    edits = {kind: identity.embed(pictures) for kind, pictures in changed.items()}
    first = found[: len(next(iter(edits.values()))), 0]
    return {
        "limit": limit,
        "held_out": verification(alike, truths, limit, seed),
        "in_use": edit_figures(first, edits, limit, seed),
    }


def _device(wanted: Device) -> torch.device:
    if wanted == "cuda" and not torch.cuda.is_available():
        raise SpecError("train identity: torch sees no CUDA device here; give --device cpu.")
    use = wanted != "cpu" and torch.cuda.is_available()
    return torch.device("cuda" if use else "cpu")


def _order(name: str, w: NDArray[np.float32], rng: np.random.Generator) -> Order:
    """Pictures of mixed sizes of w: float32 [people, views, D]."""
    flat = w.reshape(-1, w.shape[-1])
    sizes = rng.choice(list(SIZE_SHARES), len(flat), p=list(SIZE_SHARES.values()))
    return Order(name, flat, sizes.astype(np.int64))


def _edited(judge: Order, seed: int, render: Callable[[Order], Pictures]) -> dict[str, Pictures]:
    """The first pictures of the first EDITED people, edited, in the sizes that they have."""
    w, sizes = judge.w[::VIEWS][:EDITED], judge.sizes[::VIEWS][:EDITED]
    edits = edits_of(w, np.random.default_rng(seed))
    order = Order("edits", np.concatenate([*edits.values()]), np.tile(sizes, len(edits)))
    return dict(zip(edits, np.split(render(order), len(edits)), strict=True))


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """An empty folder, gone afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)


def _rendered(order: Order, folder: Path, workers: int, progress: Progress) -> Pictures:
    """uint8 [N, 128, 128, 3]."""
    tell = partial(progress, f"render {order.name}")
    return render_set(order, folder, LabelledHeads, workers, tell).images


def _by_person(images: Pictures) -> Pictures:
    return images.reshape(-1, VIEWS, *images.shape[1:])


def _run_digest(w: NDArray[np.float32], epochs: int, batch: int, seed: int) -> str:
    """sha256 (hex) of all that decides how the fit goes."""
    digest = hashlib.sha256(json.dumps([epochs, batch, seed, LabelledHeads().digest]).encode())
    digest.update(w.tobytes())
    for module in _FIT_SOURCES:
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()
