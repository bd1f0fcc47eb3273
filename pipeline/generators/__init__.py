"""Generators: seeds to latents, latents to pixels."""

from typing import TYPE_CHECKING

from pipeline.errors import SpecError
from pipeline.generators.bundled import NETWORKS
from pipeline.generators.generator import Generator

if TYPE_CHECKING:
    from pipeline.generators.checkpoint_spec import GeneratorSpec


def load_generator(source: "str | GeneratorSpec", size: int) -> Generator:
    """Load the generator that a spec names, to render at `size` px.

    Raises:
        SpecError: it cannot be loaded, or draws smaller pictures.
        StoreError: its checkpoint lies on S3, which cannot be reached or read.
    """
    if not isinstance(source, str):
        from pipeline.generators.checkpoint_generator import load_checkpoint

        generator = load_checkpoint(source)
        generator.check(size)
        return generator
    if source == "builtin:heads":
        from pipeline.generators.heads import Heads

        return Heads()
    if source == "builtin:null":
        from pipeline.generators.null import Null

        return Null()
    if source in NETWORKS:
        from pipeline.generators.checkpoint_generator import load_bundled

        network = load_bundled(source)
        network.check(size)
        return network
    raise SpecError(f"generator: {source!r} is none that comes with populace; write builtin:heads.")
