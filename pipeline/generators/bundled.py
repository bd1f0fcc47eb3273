"""Name the networks that come with populace."""

from pathlib import Path

_WEIGHTS = Path(__file__).parent / "weights"

NETWORKS = {"builtin:stylegan2-heads": _WEIGHTS / "stylegan2-heads.safetensors"}
"""Checkpoints of `populace train gan`, each with what its run wrote beside it: `.json`, figures,
and `.md`, the model card."""
