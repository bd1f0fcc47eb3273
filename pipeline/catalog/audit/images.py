"""Look at image files: are they the rows' own, do they say what they are, what do they show?"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.assets.encode import (
    MID_GREY,
    decode_stored,
    over,
    pixels_sha256,
    sha256,
)
from pipeline.assets.extras import EXTRAS
from pipeline.attributes.scorer import Scorer, Scores
from pipeline.catalog.audit.findings import Findings
from pipeline.catalog.audit.ordered import Ordered
from pipeline.catalog.audit.rescore import Difference, differences
from pipeline.catalog.fetch import (
    COLUMNS,
    EXTRA_COLUMNS,
    Asset,
    asset_of,
    extra_of,
    group,
    in_order,
    read_group,
)
from pipeline.errors import CatalogError
from pipeline.models.device import device_name
from pipeline.provenance.credentials import CredentialCheck, has_manifest
from pipeline.provenance.xmp import DIGITAL_SOURCE_TYPE, Label, read_label
from pipeline.sampling.acceptance import refusal
from pipeline.storage import MissingObject, Store

SCORED_TOGETHER = 16
"""Images to a call of the scorer; what it reads in one does not depend on the others."""

_LARGEST = 64 * 1024 * 1024
"""Bytes of a file that are fetched: a transparent picture of 1024 px has 4 MiB of pixels."""

_FARTHEST = 5 * 2**40
"""Bytes of the largest object that a store can hold."""

_TOLD = 3
"""Values told of an image that the scorer reads otherwise."""


@dataclass
class Looked:
    """What was looked at.

    files: images fetched. lossless: of these, with pixels compared. scored: with their scores.
    signed: with a C2PA manifest; verified: of these, with their signature. exact: scored just as
    the row says; near: within the tolerance. same_device: scored on hardware of the name that the
    row gives.
    """

    files: int = 0
    lossless: int = 0
    scored: int = 0
    signed: int = 0
    verified: int = 0
    exact: int = 0
    near: int = 0
    same_device: int = 0


class ImageCheck:
    """Checks the files of rows, and scores them again where there is a scorer."""

    def __init__(
        self,
        store: Store,
        ordered: Ordered,
        findings: Findings,
        scorer: Scorer | None,
        credentials: CredentialCheck | None,
        threads: int,
    ) -> None:
        self.looked = Looked()
        self._store, self._ordered, self._findings = store, ordered, findings
        self._scorer, self._credentials, self._threads = scorer, credentials, threads
        image = ordered.spec.image
        self._lossless = image.format == "png" or (image.format == "webp" and image.quality == 100)
        channels = 4 if image.background == "transparent" else 3
        self._shape = (image.size, image.size, channels)
        self._waiting: list[tuple[Mapping[str, Any], NDArray[np.uint8]]] = []
        self._device = device_name(ordered.spec.takes_gpu) if scorer else ""

    def check(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Fetch, check and score the files of rows with all columns but `w`."""
        owners: dict[Asset, Mapping[str, Any]] = {}
        for row in rows:
            try:
                for asset in self._assets(row):
                    owners[asset] = row
            except CatalogError as error:
                self._findings.add("images", f"asset {row['asset_id']}", "a place to find", error)
        read = in_order(self._read, group(list(owners)), self._threads)
        for files in read:
            for asset, data in files:
                self._look(asset, owners[asset], data)
        self._score()

    def finish(self) -> None:
        """What can be told only when all have been looked at: that some lack what others have."""
        bare = self.looked.files - self.looked.signed
        if self.looked.signed and bare:
            wanted = f"a C2PA manifest in each, as in {self.looked.signed:,}"
            self._findings.add("credentials", "images", wanted, f"none in {bare:,}")

    def _assets(self, row: Mapping[str, Any]) -> Iterator[Asset]:
        """The image of a row and its extras; CatalogError where it does not say where they lie."""
        kinds = self._ordered.spec.extras
        columns = [*COLUMNS, *(f"{kind}_{name}" for kind in kinds for name in EXTRA_COLUMNS)]
        missing = [name for name in columns if row[name] is None]
        if missing:
            raise CatalogError(f"no {missing[0]}")
        for asset in (asset_of(row), *(extra_of(row, kind) for kind in kinds)):
            assert asset is not None
            if asset.length > _LARGEST or asset.offset > _FARTHEST:
                raise CatalogError(
                    f"bytes {asset.offset:,} + {asset.length:,}, where no picture of these lies"
                )
            yield asset

    def _read(self, assets: Sequence[Asset]) -> list[tuple[Asset, bytes | None]]:
        try:
            return list(read_group(self._store, assets))
        except MissingObject:
            return [(asset, None) for asset in assets]

    def _look(self, asset: Asset, row: Mapping[str, Any], data: bytes | None) -> None:
        subject = f"asset {asset.asset_id} ({asset.uri})"
        image = asset.format not in EXTRAS
        self.looked.files += image
        if data is None or len(data) < asset.length:
            found = "none" if data is None else f"{len(data):,} bytes"
            self._findings.add("images", subject, f"a file of {asset.length:,} bytes", found)
        if not data:
            return
        digest = sha256(data)
        if digest != asset.sha256:
            self._findings.add("images", subject, f"sha256 {asset.sha256}", f"sha256 {digest}")
        self._check_label(subject, asset, data)
        if image:
            self._check_credentials(subject, asset, data)
            self._check_pixels(subject, row, data)

    def _check_label(self, subject: str, asset: Asset, data: bytes) -> None:
        """The file must say that it is synthetic, and whose it is."""
        try:
            label = _json_label(data) if asset.format == "landmarks" else read_label(data)
        except ValueError as error:
            self._findings.add("images", subject, "a label", error)
            return
        if label is None:
            self._findings.add("images", subject, "a label in XMP", "none")
            return
        if label.source_type != DIGITAL_SOURCE_TYPE:
            wanted = f"DigitalSourceType {DIGITAL_SOURCE_TYPE}"
            self._findings.add("images", subject, wanted, label.source_type)
        if label.identifier != asset.asset_id:
            found = f"labelled as {label.identifier}"
            self._findings.add("images", subject, f"labelled as {asset.asset_id}", found)

    def _check_credentials(self, subject: str, asset: Asset, data: bytes) -> None:
        """Where it bears a C2PA manifest, its signature must hold."""
        if not has_manifest(data):
            return
        self.looked.signed += 1
        found = None if self._credentials is None else self._credentials.check(data, asset.format)
        if found is None:
            return
        self.looked.verified += 1
        if not found.sound:
            self._findings.add("credentials", subject, "a C2PA signature that holds", found.fault)

    def _check_pixels(self, subject: str, row: Mapping[str, Any], data: bytes) -> None:
        try:
            pixels = decode_stored(data)
        except CatalogError as error:
            self._findings.add("images", subject, "a picture", error)
            return
        if pixels.shape != self._shape:
            found = _size_of(pixels.shape)
            self._findings.add("images", subject, _size_of(self._shape), found)
            return
        if self._lossless:
            self.looked.lossless += 1
            digest = pixels_sha256(pixels)
            if digest != row["pixels_sha256"]:
                wanted = f"pixels of sha256 {row['pixels_sha256']}"
                self._findings.add("images", subject, wanted, digest)
        if self._scorer is not None:
            self._waiting.append((row, over(pixels, MID_GREY)))
            if len(self._waiting) == SCORED_TOGETHER:
                self._score()

    def _score(self) -> None:
        """Score the images that wait, and compare."""
        if self._scorer is None or not self._waiting:
            return
        with _one_thread():
            scores = self._scorer.score(np.stack([pixels for _, pixels in self._waiting]))
        for i, (row, _) in enumerate(self._waiting):
            found = differences(scores, i, row)
            far = [one for one in found if one.far]
            self.looked.scored += 1
            self.looked.same_device += row["device"] == self._device
            self.looked.exact += not found
            self.looked.near += bool(found) and not far
            if far:
                self._tell(row, far, scores, i)
        self._waiting = []

    def _tell(
        self, row: Mapping[str, Any], far: Sequence[Difference], scores: Scores, index: int
    ) -> None:
        """Add the finding of an image that does not show what its row says, its cell first."""
        spec = self._ordered.spec
        balanced = [axis.attribute for axis in spec.target.axes]
        told = sorted(far, key=lambda one: one.column not in balanced)[:_TOLD]
        expected = ", ".join(f"{one.column} {_plain(one.told)}" for one in told)
        found = ", ".join(f"{one.column} {_plain(one.read)}" for one in told)
        cell = row["cell"]
        if cell is not None and 0 <= cell < self._ordered.quotas.size:
            why = refusal(scores, index, spec.held(spec.target.bins_of(cell)), spec.limits)
            found += f"; not in its cell, by {why}" if why else ""
        self._findings.add("scores", f"asset {row['asset_id']}", expected, found)


def _json_label(data: bytes) -> Label | None:
    """The label in the fields of a landmarks file; ValueError where it is not JSON."""
    document = json.loads(data)
    if not isinstance(document, dict):
        return None
    return Label(document.get("digital_source_type"), document.get("asset_id"))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Score as workers do: a network's sums depend on how many threads share them."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _size_of(shape: Sequence[int]) -> str:
    kind = {3: "RGB", 4: "RGBA"}.get(shape[2], f"{shape[2]} channels")
    return f"{shape[1]} × {shape[0]} px {kind}"


def _plain(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
