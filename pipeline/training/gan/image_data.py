"""Bring a folder of pictures to the network's size, once."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from pipeline.errors import SpecError
from pipeline.training.gan.shards import SHARD, Pictures, records, write_shard

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def gather_images(
    source: Path,
    resolution: int,
    folder: Path,
    workers: int,
    progress: Callable[[int, int], None],
) -> Pictures:
    """Prepare what is missing below `folder`, and open all of it.

    Pictures are cut to their central square and resampled (Lanczos). They are taken as prepared
    when names and lengths of the files are still the same.

    Args:
        source: searched with its subfolders, for .jpg, .jpeg, .png and .webp.
        workers: threads that decode.
        progress: called with pictures done and in all.

    Raises:
        SpecError: there is no picture, or a file is none.
    """
    files = sorted(p for p in source.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not files:
        raise SpecError(
            f"data.source: {source} holds no pictures; give a folder of "
            f"{', '.join(SUFFIXES)}, a catalog, or builtin:heads."
        )
    home = folder / f"images-{_digest(source, files, resolution)[:16]}"
    home.mkdir(parents=True, exist_ok=True)
    paths = []
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(files), SHARD):
            lot = files[start : start + SHARD]
            paths.append(home / f"{start // SHARD:06d}.npy")
            if not paths[-1].exists():
                images = np.stack(list(pool.map(lambda path: _square(path, resolution), lot)))
                nothing = np.zeros(images.shape[:3], np.uint8)
                write_shard(paths[-1], records(images, nothing, nothing, np.empty((len(lot), 0))))
            progress(start + len(lot), len(files))
    return Pictures(paths)


def _square(path: Path, resolution: int) -> NDArray[np.uint8]:
    """The middle of a picture, upright: uint8 [R, R, 3]; what is transparent becomes white."""
    try:
        with Image.open(path) as file:
            image = ImageOps.exif_transpose(file).convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise SpecError(f"data.source: {path} cannot be read as a picture; remove it.") from None
    white = Image.new("RGBA", image.size, "white")
    whole = Image.alpha_composite(white, image).convert("RGB")
    fitted = ImageOps.fit(whole, (resolution, resolution), Image.Resampling.LANCZOS)
    return np.asarray(fitted)


def _digest(source: Path, files: list[Path], resolution: int) -> str:
    """sha256 (hex) over names and lengths."""
    digest = hashlib.sha256(str(resolution).encode())
    for path in files:
        digest.update(f"\n{path.relative_to(source)} {path.stat().st_size}".encode())
    return digest.hexdigest()
