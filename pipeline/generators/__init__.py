"""Generators: seeds to latents, latents to pixels."""

from pipeline.errors import SpecError
from pipeline.generators.generator import Generator


def load_generator(name: str) -> Generator:
    """Load a generator by its name in the spec.

    Raises:
        SpecError: this version cannot load it.
    """
    if name == "builtin:heads":
        from pipeline.generators.heads import Heads

        return Heads()
    if name == "builtin:null":
        from pipeline.generators.null import Null

        return Null()
    raise SpecError(
        f"generator: {name!r} is a checkpoint, and this version reads none yet; "
        "write builtin:heads."
    )
