"""Pictures to learn from."""

import os
from concurrent.futures import Future
from pathlib import Path
from threading import Timer

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline.errors import JobError, SpecError
from pipeline.generators.heads import Heads
from pipeline.generators.stylegan2.inputs import unit_power
from pipeline.training.gan.draws import draws
from pipeline.training.gan.heads_data import (
    HeadsOrder,
    full_latents,
    render_heads,
    shard_latents,
)
from pipeline.training.gan.image_data import gather_images
from pipeline.training.gan.shards import Order, Pictures, records, write_shard

HEADS = HeadsOrder(count=6, seed=3, z_dim=128, resolution=64)


def silent(done: int, total: int) -> None:
    """Tell nobody."""


def test_a_head_is_rendered_from_the_z_that_the_mapping_keeps(tmp_path: Path) -> None:
    pictures = render_heads(HEADS, tmp_path, 1, silent)
    assert len(pictures) == 6
    sample = pictures.take(np.arange(6))
    z = full_latents(sample.latents, 128, draws(0, 0, "latents"))
    other = full_latents(sample.latents, 128, draws(0, 1, "latents"))
    assert torch.allclose(unit_power(z), z, atol=1e-5)
    assert torch.equal(z[:, :103], other[:, :103])
    assert not torch.equal(z[:, 103:], other[:, 103:])
    rendered = Heads("cpu").render(z[:, :103].numpy(), 64)
    found = pictures.read(np.arange(6))["image"]
    assert np.abs(found.astype(int) - rendered).mean() < 1
    assert 0 < sample.focus.mean() < 0.2
    assert sample.setting[:, :, :4, :4].min() > 0.9  # a corner is backdrop
    assert 0.2 < sample.setting.mean() < 0.8
    weights = sample.weights(5, 0.1)
    assert weights.max() == pytest.approx(5, abs=0.01)
    assert weights[:, :, :4, :4].max() < 0.2
    made = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}
    render_heads(HEADS, tmp_path, 1, silent)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")} == made


def test_latents_are_nearly_normal_and_follow_from_the_seed() -> None:
    order = HeadsOrder(count=512, seed=3, z_dim=128, resolution=64)
    w = np.concatenate([shard_latents(order, shard) for shard in range(2)])
    assert np.array_equal(w[:256], shard_latents(order, 0))
    assert abs(w.mean()) < 0.02
    assert abs(w.std() - 1) < 0.02
    assert np.abs(w.std(0) - 1).max() < 0.2


def test_a_folder_is_cut_square_and_a_broken_file_is_named(tmp_path: Path) -> None:
    source = tmp_path / "art"
    (source / "more").mkdir(parents=True)
    wide = np.zeros((40, 80, 3), np.uint8)
    wide[:, 20:60] = (200, 100, 50)
    Image.fromarray(wide).save(source / "more" / "wide.png")
    Image.new("RGBA", (30, 30), (0, 0, 0, 0)).save(source / "clear.PNG")
    (source / "notes.txt").write_text("no picture")
    found = gather_images(source, 16, tmp_path / "data", 2, silent)
    images = found.read(np.arange(2))["image"]
    assert (images[0] == 255).all()
    assert (images[1][:, 4:12] == (200, 100, 50)).all()
    assert found.take(np.arange(2)).latents.shape == (2, 0)
    (source / "bad.jpg").write_bytes(b"no picture")
    with pytest.raises(SpecError, match=r"^data.source: .*bad.jpg cannot be read as a picture"):
        gather_images(source, 16, tmp_path / "data", 1, silent)
    with pytest.raises(SpecError, match=r"^data.source: .* holds no pictures; give a folder"):
        gather_images(tmp_path / "data", 16, tmp_path, 1, silent)


def test_every_row_comes_once_a_pass_in_an_order_of_the_step_alone() -> None:
    order = Order(10, 4, seed=0)
    rows = np.concatenate([order.rows(step) for step in range(5)])
    assert sorted(rows[:10]) == sorted(rows[10:]) == list(range(10))
    assert np.array_equal(Order(10, 4, seed=0).rows(3), rows[12:16])
    assert not np.array_equal(Order(10, 4, seed=1).rows(0), rows[:4])


def test_passes_grow_until_they_have_every_row() -> None:
    order = Order(10, 4, seed=0, first=4, growth=0.5)
    rows = np.concatenate([order.rows(step) for step in range(10)]).tolist()
    ends = [0, 4, 10, 19, 29, 39]
    sizes = [4, 6, 9, 10, 10]
    for start, end, size in zip(ends, ends[1:], sizes, strict=False):
        assert sorted(rows[start:end]) == list(range(size))
    assert np.array_equal(Order(10, 4, seed=0, first=4, growth=0.5).rows(7), rows[28:32])
    assert sorted(Order(10, 10, seed=0, first=40).rows(0)) == list(range(10))


def test_shards_in_the_making_are_waited_for(tmp_path: Path) -> None:
    maker: Future[None] = Future()
    paths = [tmp_path / f"{i}.npy" for i in range(2)]
    pictures = Pictures(paths, [2, 2], maker)
    assert len(pictures) == 4
    images = np.full((2, 8, 8, 3), 7, np.uint8)
    made = records(images, images[..., 0], images[..., 0], np.zeros((2, 3)))
    Timer(0.3, lambda: write_shard(paths[1], made)).start()
    assert pictures.read(np.array([3]))["image"].max() == 7
    maker.set_exception(JobError("a rendering process died"))
    with pytest.raises(JobError, match="a rendering process died"):
        pictures.read(np.array([0]))


def test_learning_begins_before_all_is_rendered(tmp_path: Path) -> None:
    pictures = render_heads(HEADS, tmp_path, 1, silent, wait=False)
    assert len(pictures) == 6
    behind = pictures.read(np.arange(6))["image"]
    assert np.array_equal(
        behind, render_heads(HEADS, tmp_path, 1, silent).read(np.arange(6))["image"]
    )


def test_rows_are_found_across_shards(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.npy" for i in range(3)]
    for i, path in enumerate(paths):
        images = np.full((2, 8, 8, 3), i, np.uint8)
        write_shard(path, records(images, images[..., 0], images[..., 0], np.full((2, 3), i)))
    pictures = Pictures(paths)
    assert pictures.read(np.array([5, 0, 3]))["image"][:, 0, 0, 0].tolist() == [2, 0, 1]
    turned = pictures.take(np.arange(6)).mirrored(draws(0, 0, "mirror"))
    assert turned.latents[:, 0].tolist() == [0, 0, 1, 1, 2, 2]


def test_rendering_behind_ends_where_it_is_closed(tmp_path: Path) -> None:
    order = HeadsOrder(count=2000, seed=3, z_dim=128, resolution=64)
    pictures = render_heads(order, tmp_path, 1, silent, wait=False)
    pictures.close()
    with pytest.raises(JobError, match=r"was stopped; run the same command again"):
        pictures.read(np.array([1999]))


def test_what_killed_writers_left_is_removed(tmp_path: Path) -> None:
    home = tmp_path / f"heads-{HEADS.digest[:16]}"
    home.mkdir()
    old, fresh = home / "000000.7.part", home / "000000.8.part"
    for part in (old, fresh):
        part.write_bytes(b"half")
    os.utime(old, (0, 0))
    render_heads(HEADS, tmp_path, 1, silent)
    assert (old.exists(), fresh.exists()) == (False, True)
