"""The built-in generator: stylised synthetic heads of meshes and strands."""

from pipeline.generators.heads.generator import Heads
from pipeline.generators.heads.layout import DIMENSIONS, INDEX, LAYOUT_VERSION, traits, truth

__all__ = ["DIMENSIONS", "INDEX", "LAYOUT_VERSION", "Heads", "traits", "truth"]
