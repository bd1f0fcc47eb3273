"""Write small checkpoints of random weights in the layouts of the wild, for tests to read."""

import io
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.generators import stylegan2, stylegan3
from pipeline.generators.checkpoints.checkpoint import is_buffer
from pipeline.generators.checkpoints.shapes import shapes_of

SMALL2 = stylegan2.Config(
    z_dim=8, w_dim=8, resolution=16, mapping_layers=2, channel_base=64, channel_max=8
)
SMALL3 = stylegan3.Config(
    z_dim=8, w_dim=8, resolution=16, channel_base=64, channel_max=8, num_layers=6
)


def random_state(config: stylegan2.Config | stylegan3.Config, seed: int = 0) -> dict[str, Tensor]:
    """Draw every tensor of a network; StyleGAN2's filters are as the code bases keep them."""
    generator = torch.Generator().manual_seed(seed)
    taps = torch.tensor([1.0, 3, 3, 1])
    square = torch.outer(taps, taps) / 64
    return {
        name: square
        if name.endswith("resample_filter")
        else torch.randn(shape, generator=generator)
        for name, shape in shapes_of(config).items()
    }


class Module:
    """An instance of a persistent class, which pickles as a record of its state."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.state = state

    def __reduce__(self) -> tuple[Any, ...]:
        persistence = sys.modules["torch_utils.persistence"]
        record = {
            "type": "class",
            "version": 6,
            "module_src": "raise SystemExit('the source was executed')",
            "class_name": "Generator",
            "state": self.state,
        }
        return persistence._reconstruct_persistent_obj, (record,)


def tree(state: Mapping[str, Any], **attributes: Any) -> Module:
    """Nest dotted names as modules, parameters and buffers."""
    children: dict[str, dict[str, Any]] = {}
    fields: dict[str, Any] = {
        "training": False,
        "_parameters": OrderedDict(),
        "_buffers": OrderedDict(),
        "_non_persistent_buffers_set": set(),
        "_modules": OrderedDict(),
        **attributes,
    }
    for name, value in state.items():
        first, dot, rest = name.partition(".")
        if dot:
            children.setdefault(first, {})[rest] = value
        elif is_buffer(name):
            fields["_buffers"][name] = value
        else:
            plain = isinstance(value, Tensor)
            fields["_parameters"][name] = nn.Parameter(value) if plain else value
    for name, child in children.items():
        fields["_modules"][name] = tree(child)
    return Module(fields)


@contextmanager
def code_base() -> Iterator[types.SimpleNamespace]:
    """Stand in for the modules whose names the pickles hold; gone again afterwards."""
    persistence = types.ModuleType("torch_utils.persistence")
    util = types.ModuleType("dnnlib.util")

    def _reconstruct_persistent_obj(meta: Any) -> None:
        raise AssertionError("the reader called the code base")

    _reconstruct_persistent_obj.__module__ = persistence.__name__
    _reconstruct_persistent_obj.__qualname__ = "_reconstruct_persistent_obj"
    persistence._reconstruct_persistent_obj = _reconstruct_persistent_obj  # type: ignore[attr-defined]
    easy = type("EasyDict", (dict,), {"__module__": util.__name__})
    util.EasyDict = easy  # type: ignore[attr-defined]
    fakes = {
        "torch_utils": types.ModuleType("torch_utils"),
        "torch_utils.persistence": persistence,
        "dnnlib": types.ModuleType("dnnlib"),
        "dnnlib.util": util,
    }
    before = {name: sys.modules.get(name) for name in fakes}
    sys.modules.update(fakes)
    try:
        yield types.SimpleNamespace(EasyDict=easy)
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def nvidia(
    path: Path,
    state: Mapping[str, Any],
    made_with: Mapping[str, Any],
    protocol: int = 4,
    synthesis: Mapping[str, Any] | None = None,
    **more: Any,
) -> Path:
    """Write a snapshot with `G_ema`; `synthesis` are further attributes of that network."""
    with code_base() as fake:
        kwargs = fake.EasyDict(
            {k: fake.EasyDict(v) if isinstance(v, dict) else v for k, v in made_with.items()}
        )
        generator = tree(state, _init_args=(), _init_kwargs=kwargs)
        generator.state["_modules"]["synthesis"].state.update(synthesis or {})
        snapshot = {"training_set_kwargs": {"path": "x.zip"}, "G_ema": generator, **more}
        path.write_bytes(pickle.dumps(snapshot, protocol))
    return path


def arguments2(config: stylegan2.Config) -> dict[str, Any]:
    """What a StyleGAN2 generator of either code base is made with, but for synthesis options."""
    return {
        "z_dim": config.z_dim,
        "c_dim": config.c_dim,
        "w_dim": config.w_dim,
        "img_resolution": config.resolution,
        "img_channels": config.img_channels,
        "mapping_kwargs": {"num_layers": config.mapping_layers},
    }


def ada(
    path: Path, state: Mapping[str, Any], config: stylegan2.Config = SMALL2, **more: Any
) -> Path:
    """Write an ADA snapshot, whose synthesis options are nested."""
    nested = {"channel_base": config.channel_base, "channel_max": config.channel_max}
    return nvidia(path, state, {**arguments2(config), "synthesis_kwargs": nested}, **more)


def rosinality(state: Mapping[str, Tensor], config: stylegan2.Config = SMALL2) -> dict[str, Tensor]:
    """Rename a StyleGAN2's tensors to rosinality's."""
    own: dict[str, Tensor] = {"input.input": state["synthesis.b4.const"][None]}
    for i in range(config.mapping_layers):
        for part in ("weight", "bias"):
            own[f"style.{i + 1}.{part}"] = state[f"mapping.fc{i}.{part}"]
    layers = {"synthesis.b4.conv1": "conv1"}
    colours = {"synthesis.b4.torgb": "to_rgb1"}
    for i, side in enumerate(config.resolutions[1:]):
        layers[f"synthesis.b{side}.conv0"] = f"convs.{2 * i}"
        layers[f"synthesis.b{side}.conv1"] = f"convs.{2 * i + 1}"
        colours[f"synthesis.b{side}.torgb"] = f"to_rgbs.{i}"
        kernel = state[f"synthesis.b{side}.resample_filter"] * 4
        own[f"convs.{2 * i}.conv.blur.kernel"] = own[f"to_rgbs.{i}.upsample.kernel"] = kernel
    for number, (theirs, name) in enumerate(layers.items()):
        own[f"{name}.noise.weight"] = state[f"{theirs}.noise_strength"].reshape(1)
        own[f"{name}.activate.bias"] = state[f"{theirs}.bias"]
        own[f"noises.noise_{number}"] = state[f"{theirs}.noise_const"][None, None]
    for theirs, name in colours.items():
        own[f"{name}.bias"] = state[f"{theirs}.bias"].reshape(1, -1, 1, 1)
    for theirs, name in {**layers, **colours}.items():
        own[f"{name}.conv.weight"] = state[f"{theirs}.weight"][None]
        own[f"{name}.conv.modulation.weight"] = state[f"{theirs}.affine.weight"]
        own[f"{name}.conv.modulation.bias"] = state[f"{theirs}.affine.bias"]
    return own


def saved(value: Any, *, stream: bool = False) -> bytes:
    """What torch.save writes: an archive, or a plain stream as before 2020."""
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=not stream)
    return buffer.getvalue()
