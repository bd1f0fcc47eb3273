"""Checkpoints of others, read without executing anything in them."""

from pipeline.generators.checkpoints.checkpoint import Checkpoint
from pipeline.generators.checkpoints.read import read_checkpoint

__all__ = ["Checkpoint", "read_checkpoint"]
