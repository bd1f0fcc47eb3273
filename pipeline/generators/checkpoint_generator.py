"""Load the generator that a checkpoint holds, wherever it lies."""

from pathlib import Path

from pipeline.errors import SpecError
from pipeline.generators.bundled import NETWORKS
from pipeline.generators.checkpoint_spec import GeneratorSpec
from pipeline.generators.checkpoints import read_checkpoint
from pipeline.generators.checkpoints.onnx_model import OnnxGenerator, read_onnx
from pipeline.generators.shrunk import Shrunk
from pipeline.generators.stylegan import StyleGan
from pipeline.models.fetch import local_copy


def load_checkpoint(spec: GeneratorSpec) -> Shrunk:
    """Fetch, read and check a checkpoint; a machine fetches it once.

    Raises:
        SpecError: the file, or what the spec says of it; names the field and the mend.
        StoreError: S3 cannot be reached or read.
    """
    path = local_copy(spec.checkpoint)
    if path.suffix == ".onnx":
        return _onnx(path, spec)
    return _stylegan(path, spec, spec.name)


def load_bundled(name: str) -> Shrunk:
    """Read one of NETWORKS by its name, without truncation."""
    path = NETWORKS[name]
    return _stylegan(path, GeneratorSpec(checkpoint=str(path)), name)


def _stylegan(path: Path, spec: GeneratorSpec, name: str) -> Shrunk:
    checkpoint = read_checkpoint(path)
    _check_kind(spec, checkpoint.kind)
    generator = StyleGan(checkpoint, spec)
    return Shrunk(generator, generator.config.resolution, name)


def _onnx(path: Path, spec: GeneratorSpec) -> Shrunk:
    _check_kind(spec, "onnx")
    unfit = {"truncation": spec.truncation != 1, "label": spec.label is not None}
    for field, wanted in unfit.items():
        if wanted:
            raise SpecError(f"generator.{field}: an ONNX model takes none; remove it.")
    model = read_onnx(path)
    return Shrunk(OnnxGenerator(model), model.resolution, spec.name)


def _check_kind(spec: GeneratorSpec, kind: str) -> None:
    if spec.kind not in (None, kind):
        raise SpecError(
            f"generator.kind: {spec.name} is '{kind}', not '{spec.kind}'; remove it, or give "
            "another checkpoint."
        )
