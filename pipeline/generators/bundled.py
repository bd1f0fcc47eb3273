"""Name the networks that come with populace."""

from pathlib import Path

_WEIGHTS = Path(__file__).parent / "weights"

NETWORKS = {"builtin:stylegan2-heads": _WEIGHTS / "stylegan2-heads.safetensors"}
"""Networks of `populace train gan` in float16, each with its cards beside it: `.json`, `.md`."""

DISCRIMINATORS = {
    name: path.with_stem(f"{path.stem}-discriminator") for name, path in NETWORKS.items()
}
"""What each of them was trained against, to learn on with."""
