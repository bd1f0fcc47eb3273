"""StyleGAN3: its plain form as published, and our fast one."""

from pipeline.generators.stylegan3.config import Config
from pipeline.generators.stylegan3.fast import Fast
from pipeline.generators.stylegan3.reference import Network, load

__all__ = ["Config", "Fast", "Network", "load"]
