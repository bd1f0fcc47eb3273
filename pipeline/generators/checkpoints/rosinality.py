"""Read checkpoints of rosinality's StyleGAN2, and the decoders that encoders carry with them.

The description follows from shapes.
"""

import re
from typing import Any, BinaryIO

import torch
from torch import Tensor
from torch.nn.functional import leaky_relu, normalize

from pipeline.generators.checkpoints.check import config_of
from pipeline.generators.checkpoints.checkpoint import Checkpoint
from pipeline.generators.checkpoints.pickles import Value
from pipeline.generators.checkpoints.refusal import Refusal, damaged
from pipeline.generators.checkpoints.rosinality_names import renamed
from pipeline.generators.checkpoints.tensors import Loader
from pipeline.generators.checkpoints.torch_files import TorchFile

ROSINALITY = "rosinality StyleGAN2"
DECODER = "encoder with a rosinality StyleGAN2 decoder"

_BLOCK = re.compile(r"synthesis\.b(\d{1,5})\.conv0\.weight")
_RATE = 0.01
_DRAWS, _LOT = 4096, 256
_LARGEST = 4096
_MOST_TENSORS = 10_000
_LONGEST_NAME = 200
_MEND = "give a checkpoint with 'g_ema', or an encoder's with 'decoder.' in its state_dict"


def read_rosinality(saved: TorchFile, file: BinaryIO, size: int) -> Checkpoint:
    """Read `g_ema`, or the decoder of an encoder, with `latent_avg` where it is there.

    Raises:
        Refusal: neither is in the file, or it is damaged.
    """
    root = saved.root
    if not isinstance(root, dict):
        raise Refusal("holds no table of weights", _MEND)
    layout, weights = _weights(root)
    loader = Loader(file, size)
    read = {name: loader.load(name, saved.view(name, value)) for name, value in weights.items()}
    notes: list[str] = []
    state = renamed(read, _MEND)
    _completed(state, notes)
    config = _config(state)
    if root.get("latent_avg") is not None:
        average = loader.load("latent_avg", saved.view("latent_avg", root["latent_avg"]))
        layers = average.reshape(-1, average.shape[-1] if average.ndim else 1)
        state["mapping.w_avg"] = layers[0]
        if not (layers == layers[0]).all():
            state["mapping.w_avg"] = layers.mean(0)
            notes.append("latent_avg differs from layer to layer; their mean is kept")
    else:
        config_of("stylegan2", config)  # bounds what is worked out
        state["mapping.w_avg"] = _average(state, config["mapping_layers"])
        notes.append(f"no latent_avg: worked out from {_DRAWS:,} draws of a fixed seed")
    ignored = tuple(sorted(str(key) for key in root if key not in ("g_ema", "latent_avg")))
    return Checkpoint("stylegan2", config, state, layout, ignored, tuple(notes))


def _weights(root: dict[Value, Value]) -> tuple[str, dict[str, Value]]:
    """Find the generator's table of weights and say whose layout it is."""
    if isinstance(own := root.get("g_ema"), dict):
        return ROSINALITY, _named(own)
    if isinstance(both := root.get("state_dict"), dict):
        decoder = {
            name.removeprefix("decoder."): value
            for name, value in _named(both).items()
            if name.startswith("decoder.")
        }
        if decoder:
            return DECODER, decoder
    if "input.input" in root:
        return ROSINALITY, _named(root)
    held = ", ".join(sorted(str(key)[:40] for key in root)[:6]) or "nothing"
    raise Refusal(f"holds no generator (it holds {held})", _MEND)


def _named(table: dict[Value, Value]) -> dict[str, Value]:
    if len(table) > _MOST_TENSORS:
        damaged(f"holds a table of {len(table):,} weights")
    if not all(isinstance(name, str) and len(name) <= _LONGEST_NAME for name in table):
        damaged("holds a table of weights with a name that is no text, or an endless one")
    return table


def _completed(state: dict[str, Tensor], notes: list[str]) -> None:
    """Add what the file leaves out: copies of the filter, and noise in the oldest checkpoints."""
    last = max((int(m[1]) for m in map(_BLOCK.match, state) if m), default=0)
    if not 8 <= last <= _LARGEST:
        raise Refusal(
            f"holds no StyleGAN2 of 8 to {_LARGEST} px (its last layer has {last})", _MEND
        )
    bare = []
    taps = _held(state, "synthesis.b8.conv0.resample_filter")
    for side in (4 << k for k in range(last.bit_length() - 2)):
        block = f"synthesis.b{side}."
        state[f"{block}resample_filter"] = state[f"{block}conv1.resample_filter"] = taps
        for layer in ("conv0.", "conv1.")[side == 4 :]:
            if f"{block}{layer}noise_const" not in state:
                state[f"{block}{layer}noise_const"] = torch.zeros(side, side)
                bare.append(f"b{side}.{layer[:-1]}")
    if bare:
        notes.append(f"no noise maps for {', '.join(bare)}: none is added there")


def _held(state: dict[str, Tensor], name: str) -> Tensor:
    if name not in state or not state[name].numel():
        raise Refusal(f"lacks the tensor that is {name} in NVIDIA's naming", _MEND)
    return state[name]


def _config(state: dict[str, Tensor]) -> dict[str, Any]:
    """Work the description out from shapes."""
    sides = sorted(int(m[1]) for m in map(_BLOCK.match, state) if m)
    channels = {side: len(_held(state, f"synthesis.b{side}.conv0.weight")) for side in sides}
    first = _held(state, "mapping.fc0.weight")
    if first.ndim != 2 or _held(state, "synthesis.b4.const").ndim != 3:
        damaged("holds a StyleGAN2 whose tensors have impossible shapes")
    layers = sum(re.fullmatch(r"mapping\.fc\d+\.weight", name) is not None for name in state)
    return {
        "z_dim": first.shape[1],
        "c_dim": 0,
        "w_dim": first.shape[0],
        "resolution": sides[-1],
        "img_channels": len(_held(state, "synthesis.b4.torgb.bias")),
        "mapping_layers": layers,
        "mapping_rate": _RATE,
        "channel_base": max(side * count for side, count in channels.items()),
        "channel_max": len(_held(state, "synthesis.b4.const")),
        "architecture": "skip",
        "num_fp16_res": 0,
        "conv_clamp": None,
        "resample_filter": _taps(_held(state, "synthesis.b8.conv0.resample_filter")),
    }


def _taps(square: Tensor) -> tuple[float, ...]:
    """Find the separable filter whose products fill `square`, smallest tap 1."""
    row = square.double().nan_to_num().sum(0).reshape(-1)
    if not row.any():
        damaged("holds a filter of nothing but zeros")
    taps = row / row[row.abs() > 0].abs().min()
    return tuple(round(float(tap), 4) for tap in taps)


def _average(state: dict[str, Tensor], layers: int) -> Tensor:
    """Mean w of draws from a fixed seed: what `latent_avg` would hold."""
    source = torch.Generator().manual_seed(0)
    lots = [_mapped(state, layers, source) for _ in range(_DRAWS // _LOT)]
    average: Tensor = torch.cat(lots).mean(0)
    return average


def _mapped(state: dict[str, Tensor], layers: int, source: torch.Generator) -> Tensor:
    """w of some draws, [_LOT, w_dim]."""
    size = _held(state, "mapping.fc0.weight").shape[1]
    w: Tensor = normalize(torch.randn(_LOT, size, generator=source), dim=1) * size**0.5
    for i in range(layers):
        weight = _held(state, f"mapping.fc{i}.weight").float()
        bias = _held(state, f"mapping.fc{i}.bias").float() * _RATE
        if weight.ndim != 2 or weight.shape[1] != w.shape[1] or bias.shape != weight.shape[:1]:
            damaged(f"holds mapping layer {i} of the shape {list(weight.shape)}, which cannot be")
        w = leaky_relu(w @ weight.T * (_RATE / weight.shape[1] ** 0.5) + bias, 0.2) * 2**0.5
    return w
