"""Take any generator as ONNX: one latent in, one picture out.

The latent is [N, D] of standard normals. The picture is [N, C, S, S] or [N, S, S, C]: uint8, or
floats in the range that the model's metadata name under `populace.range` (-1..1 without one).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SpecError
from pipeline.generators.generator import Latents
from pipeline.models.files import file_sha256
from pipeline.models.onnx_file import (
    RANGES,
    Session,
    inputs_of,
    kind_of,
    read_model,
    refusal,
    shape_of,
)


@dataclass(frozen=True)
class OnnxModel:
    """What an ONNX file says of itself.

    input: the latent's name; latent_size: D; resolution: S; channels: C, 1 or 3; last: whether
    channels come last. batched: whether N is free; values: a key of RANGES;
    digest: sha256 (hex) of the file.
    """

    path: Path
    digest: str
    input: str
    latent_size: int
    resolution: int
    channels: int
    last: bool
    batched: bool
    values: str
    dtype: str
    opset: int
    parameters: int

    def document(self) -> dict[str, Any]:
        """Plain values, for `populace inspect`."""
        return {
            "kind": "onnx",
            "layout": f"ONNX, opset {self.opset}",
            "resolution": self.resolution,
            "labels": 0,
            "parameters": self.parameters,
            "dtypes": [self.dtype],
            "digest": self.digest,
            "config": {"latent_size": self.latent_size, "channels": self.channels,
                       "channels_last": self.last, "batched": self.batched, "range": self.values},
            "ignored": [],
            "notes": [],
        }  # fmt: skip


def read_onnx(path: Path) -> OnnxModel:
    """Read an ONNX file's graph, without running it and without any other file it points to.

    Raises:
        SpecError: the optional packages are missing, or the file is no such generator.
    """
    model = read_model(path)
    graph, inputs = model.graph, inputs_of(model)
    if len(inputs) != 1 or len(graph.output) != 1:
        raise refusal(
            path,
            f"takes {len(inputs)} inputs and gives {len(graph.output)} outputs",
            "export it with one latent in and one picture out",
        )
    latent, picture = shape_of(inputs[0]), shape_of(graph.output[0])
    if len(latent) != 2 or latent[1] <= 0:
        raise refusal(path, f"takes {latent}, no latent", "export it with a latent [N, D]")
    last = len(picture) == 4 and picture[3] in (1, 3) and picture[1] == picture[2]
    first = len(picture) == 4 and picture[1] in (1, 3) and picture[2] == picture[3]
    if not (first or last) or picture[2] <= 0:
        mend = "export it with a picture [N, C, S, S] of fixed size"
        raise refusal(path, f"gives {picture}, no square picture", mend)
    dtype = kind_of(graph.output[0])
    if kind_of(inputs[0]) != "float":
        raise refusal(path, "takes a latent that is not float32", "export it with a float32 one")
    told = {entry.key: entry.value for entry in model.metadata_props}
    values = "0..255" if dtype == "uint8" else told.get("populace.range", "-1..1")
    if values not in RANGES:
        mend = f"write populace.range as {', '.join(RANGES)}"
        raise refusal(path, f"has pictures in the range {values!r}", mend)
    return OnnxModel(
        path=path,
        digest=file_sha256(path),
        input=inputs[0].name,
        latent_size=latent[1],
        resolution=picture[2],
        channels=picture[3] if last and not first else picture[1],
        last=not first,
        batched=not latent[0] and not picture[0],
        values=values,
        dtype=dtype,
        opset=max(
            (o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=0
        ),
        parameters=sum(int(np.prod(tensor.dims)) for tensor in graph.initializer),
    )


class OnnxGenerator:
    """A `Generator` that ONNX Runtime runs."""

    def __init__(self, model: OnnxModel, threads: int = 1) -> None:
        """Load the model; `threads` is fixed, since it changes sums.

        Raises:
            SpecError: ONNX Runtime is missing, or the model does not draw what it says.
        """
        self.model = model
        self.digest = model.digest
        self.latent_size = model.latent_size
        self._session = Session(model.path, threads)
        # Not zeros: networks that scale a latent to a length divide by its own.
        self._run(np.random.default_rng(0).standard_normal((1, model.latent_size), np.float32))

    def latents(self, normals: NDArray[np.float32]) -> Latents:
        """Round normals to float16's values: they are the model's latents themselves."""
        return normals.astype(np.float16).astype(np.float32)

    def render(self, w: Latents, size: int) -> NDArray[np.uint8]:
        """Render w one by one; see `Generator.render`.

        Raises:
            SpecError: the model's pictures have another size.
        """
        self._check(size)
        return np.concatenate([self._run(w[i : i + 1]) for i in range(len(w))])

    def preview(self, w: Latents, size: int) -> NDArray[np.uint8]:
        """Render all of w at once where the model takes batches; see `Generator.preview`."""
        self._check(size)
        return self._run(w) if self.model.batched else self.render(w, size)

    def _check(self, size: int) -> None:
        own = self.model.resolution
        if size != own:
            raise SpecError(
                f"{self.model.path}: draws {own} px, not {size}; set image.size to {own}."
            )

    def _run(self, w: Latents) -> NDArray[np.uint8]:
        images = self._session.run({self.model.input: w})[0]
        if not self.model.last and images.ndim == 4:
            images = images.transpose(0, 2, 3, 1)
        side = self.model.resolution
        if images.shape != (len(w), side, side, self.model.channels):
            found = f"gave {list(images.shape)} where it promised [{len(w)}, {side}, {side}, "
            raise refusal(self.model.path, f"{found}{self.model.channels}]", "export it again")
        if images.dtype != np.uint8:
            scale, shift = RANGES[self.model.values]
            images = np.rint(images.astype(np.float32) * scale + shift)
            if not np.isfinite(images).all():
                raise refusal(self.model.path, "drew NaN or infinity", "export it again")
            images = images.clip(0, 255)
        return np.broadcast_to(images, (len(w), side, side, 3)).astype(np.uint8)
