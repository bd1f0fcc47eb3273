"""Name the networks that come with populace."""

from pathlib import Path

_WEIGHTS = Path(__file__).parent / "weights"

NETWORKS = {"builtin:stylegan2-heads": _WEIGHTS / "stylegan2-heads.safetensors"}
"""Networks of `populace train gan` in float16, each with its cards beside it: `.json`, `.md`."""
