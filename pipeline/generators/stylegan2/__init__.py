"""StyleGAN2: its plain form as published, and our fast one."""

from pipeline.generators.stylegan2.config import Config
from pipeline.generators.stylegan2.fast import Fast
from pipeline.generators.stylegan2.reference import Network, load

__all__ = ["Config", "Fast", "Network", "load"]
