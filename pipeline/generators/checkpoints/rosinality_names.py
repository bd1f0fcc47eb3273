"""Give the tensors of rosinality's StyleGAN2 NVIDIA's names and shapes: one to one, no flips."""

from torch import Tensor

from pipeline.generators.checkpoints.refusal import Refusal, damaged

_PARTS = {
    "conv.weight": "weight",
    "conv.modulation.weight": "affine.weight",
    "conv.modulation.bias": "affine.bias",
    "conv.blur.kernel": "resample_filter",
    "noise.weight": "noise_strength",
    "activate.bias": "bias",
    "bias": "bias",
}


def renamed(read: dict[str, Tensor], mend: str) -> dict[str, Tensor]:
    """Rename and reshape what there is; rosinality's copies of one filter become one.

    Raises:
        Refusal: a tensor is none of that network's; its mend is `mend`.
    """
    state = {}
    for name, tensor in read.items():
        if name.startswith("to_rgbs.") and name.endswith(".upsample.kernel"):
            continue
        try:
            new = _name(name.split("."))
        except (KeyError, ValueError):
            raise Refusal(
                f"holds the tensor {name!r}, which rosinality's StyleGAN2 does not have", mend
            ) from None
        try:
            state[new] = _shaped(new, tensor)
        except (RuntimeError, IndexError):
            damaged(f"holds {name!r} as {list(tensor.shape)}, which cannot be")
    return state


def _name(words: list[str]) -> str:
    """NVIDIA's name for rosinality's; KeyError or ValueError where there is none."""
    match words:
        case ["input", "input"]:
            return "synthesis.b4.const"
        case ["style", number, "weight" | "bias" as part]:
            return f"mapping.fc{_number(number) - 1}.{part}"
        case ["noises", noise]:
            place = _convolution(_number(noise.removeprefix("noise_")) - 1)
            return f"{place}.noise_const"
        case ["conv1", *part]:
            return f"{_convolution(-1)}.{_PARTS['.'.join(part)]}"
        case ["convs", number, *part]:
            return f"{_convolution(_number(number))}.{_PARTS['.'.join(part)]}"
        case ["to_rgb1", *part]:
            return f"synthesis.b4.torgb.{_PARTS['.'.join(part)]}"
        case ["to_rgbs", number, *part]:
            return f"synthesis.b{8 << _number(number)}.torgb.{_PARTS['.'.join(part)]}"
    raise KeyError


def _convolution(number: int) -> str:
    """Where a convolution sits, counted from the first that doubles; -1: the one before it."""
    return (
        f"synthesis.b{8 << number // 2}.conv{number % 2}" if number >= 0 else "synthesis.b4.conv1"
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 2):
        raise ValueError
    return int(text)


def _shaped(name: str, tensor: Tensor) -> Tensor:
    """Drop sides of one, and the gain that rosinality keeps within its filters."""
    match name.rpartition(".")[2]:
        case "const":
            return tensor.squeeze(0)
        case "weight" if tensor.ndim == 5:
            return tensor.squeeze(0)
        case "noise_const":
            return tensor.squeeze(0).squeeze(0)
        case "noise_strength":
            return tensor.reshape([])
        case "bias":
            return tensor.reshape(-1)
        case "resample_filter":
            return tensor / 4
    return tensor
