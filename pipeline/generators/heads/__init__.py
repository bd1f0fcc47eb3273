"""The built-in generator: stylised synthetic heads, parametric and ray marched."""

from pipeline.generators.heads.generator import Heads
from pipeline.generators.heads.layout import DIMENSIONS, LAYOUT_VERSION, traits, truth

__all__ = ["DIMENSIONS", "LAYOUT_VERSION", "Heads", "traits", "truth"]
