"""Say what a checkpoint file holds."""

from pathlib import Path
from typing import Any

from pipeline.errors import printable
from pipeline.generators.checkpoints.read import read_checkpoint
from pipeline.models.files import file_sha256

_LONGEST = 2000
"""Characters of a line for people: files may hold endless names."""


def describe(path: Path) -> dict[str, Any]:
    """Read a checkpoint or an ONNX generator whole, and tell of it in plain values.

    Raises:
        SpecError: names the file, what was found in it, and the mend.
    """
    if path.suffix == ".onnx":
        from pipeline.generators.checkpoints.onnx_model import read_onnx

        found = read_onnx(path).document()
    else:
        checkpoint = read_checkpoint(path)
        config = dict(checkpoint.config)
        found = {
            "kind": checkpoint.kind,
            "layout": checkpoint.layout,
            "resolution": config["resolution"],
            "labels": config["c_dim"],
            "parameters": checkpoint.parameters,
            "tensors": len(checkpoint.state),
            "dtypes": list(checkpoint.dtypes),
            "digest": checkpoint.digest(),
            "config": config,
            "ignored": list(checkpoint.ignored),
            "notes": list(checkpoint.notes),
        }
    return {
        "file": str(path),
        "bytes": path.stat().st_size,
        "file_sha256": file_sha256(path),
        **found,
    }


def told(found: dict[str, Any]) -> str:
    """The same in lines for people."""
    rows = {
        "parameters": f"{found['parameters']:,}, {' and '.join(found['dtypes'])}",
        "labels": f"{found['labels']}" if found["labels"] else "none",
        "digest": found["digest"],
        "file": f"{found['bytes']:,} bytes, sha256 {found['file_sha256']}",
        "description": ", ".join(f"{key} {value}" for key, value in found["config"].items()),
        "ignored": ", ".join(found["ignored"]) or "nothing",
    }
    lines = [f"{found['file']}: {found['kind']}, {found['resolution']} px ({found['layout']})"]
    lines += [f"  {key:<12} {value}" for key, value in rows.items()]
    lines += [f"  {'note':<12} {note}" for note in found["notes"]]
    return "\n".join(printable(line[:_LONGEST]) for line in lines)
