"""Make the pictures to learn from, whatever they come from, or find them made."""

from collections.abc import Callable
from pathlib import Path

from pipeline.errors import SpecError
from pipeline.generators.stylegan2.config import Config
from pipeline.training.gan.heads_data import HeadsOrder, render_heads
from pipeline.training.gan.image_data import gather_images
from pipeline.training.gan.log import Tell, Ticker
from pipeline.training.gan.shards import Pictures
from pipeline.training.gan.spec import HEADS, GanSpec

Fetch = Callable[[str, Path], Path]
"""Brings the pictures of a catalog, by its address, below a folder, and says where they are."""


def pictures_of(
    spec: GanSpec, config: Config, folder: Path, tell: Tell, fetch: Fetch | None
) -> Pictures:
    """Open the pictures of a spec at its network's size, below `folder` unless kept elsewhere.

    Raises:
        SpecError: there are none, or a catalog's and nothing to `fetch` them with.
        JobError: a rendering process died.
    """
    source, size, workers = spec.data.source, config.resolution, spec.data.workers
    keep = Path(spec.data.keep) if spec.data.keep else folder / "data"
    ticker = Ticker(tell)
    if source == HEADS:
        order = HeadsOrder(spec.data.count, spec.data.seed, config.z_dim, size)
        return render_heads(
            order,
            keep,
            workers,
            lambda done, total: ticker("render", done, total),
            wait=not (spec.data.first and spec.regress.kimg),
        )
    if not source.startswith("s3://") and not (Path(source) / "catalog.json").exists():
        images = Path(source)
    elif fetch is not None:
        images = fetch(source, keep / "catalog")
    else:
        raise SpecError(f"data.source: {source} is a catalog; pull it, and give its folder.")
    return gather_images(
        images, size, keep, workers, lambda done, total: ticker("prepare", done, total)
    )
