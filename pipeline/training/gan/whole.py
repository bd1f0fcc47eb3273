"""Write small text files whole or not at all."""

from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Replace a file by this text; whoever reads it sees the old one or the new one."""
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)
