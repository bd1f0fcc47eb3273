"""Turn the arguments that NVIDIA's generators are made with into our descriptions.

The code bases disagree. ADA nests the options of the synthesis network and trains in float32
without a clamp unless told otherwise; StyleGAN3's code base has them flat, and by default keeps
four resolutions in float16 and clamps at 256.
"""

from typing import Any

from pipeline.generators.checkpoints.refusal import Refusal, damaged

Options = dict[str, Any]

ADA = "NVIDIA StyleGAN2-ADA pickle"
STYLEGAN2 = "NVIDIA StyleGAN2 pickle of the StyleGAN3 code base"
STYLEGAN3 = "NVIDIA StyleGAN3 pickle"

_MAPPING_ONLY = {"activation": "lrelu", "embed_features": None, "layer_features": None}
_LAYER_ONLY = {"activation": "lrelu", "kernel_size": 3, "use_noise": True}
_NO_ARITHMETIC = {"fp16_channels_last", "fused_modconv_default", "w_avg_beta", "magnitude_ema_beta"}
"""Options that steer training or memory layout and change no picture beyond rounding."""


def stylegan2_config(made: Options, layout: str) -> Options:
    """Describe a StyleGAN2 of either code base.

    Raises:
        Refusal: it was made with an option that our network does not know.
    """
    ada = layout == ADA
    rest = dict(made)
    config = _common(rest, mapping_layers=8)
    if ada:
        rest.update(_table(rest, "synthesis_kwargs"))
    config |= {
        "channel_base": rest.pop("channel_base", 32768),
        "channel_max": rest.pop("channel_max", 512),
        "architecture": rest.pop("architecture", "skip"),
        "num_fp16_res": rest.pop("num_fp16_res", 0 if ada else 4),
        "conv_clamp": rest.pop("conv_clamp", None if ada else 256),
        "resample_filter": tuple(rest.pop("resample_filter", (1, 3, 3, 1))),
    }
    _nothing_else(rest, _LAYER_ONLY)
    return config


def stylegan3_config(made: Options) -> Options:
    """Describe a StyleGAN3.

    Raises:
        Refusal: it was made with an option that our network does not know.
    """
    rest = dict(made)
    config = _common(rest, mapping_layers=2)
    defaults = {
        "channel_base": 32768,
        "channel_max": 512,
        "num_layers": 14,
        "num_critical": 2,
        "first_cutoff": 2,
        "first_stopband": 2**2.1,
        "last_stopband_rel": 2**0.3,
        "margin_size": 10,
        "output_scale": 0.25,
        "num_fp16_res": 4,
        "conv_kernel": 3,
        "filter_size": 6,
        "lrelu_upsampling": 2,
        "conv_clamp": 256,
    }
    config |= {name: rest.pop(name, default) for name, default in defaults.items()}
    config["radial_filters"] = rest.pop("use_radial_filters", False)
    _nothing_else(rest, {})
    return config


def _common(rest: Options, mapping_layers: int) -> Options:
    """Take what all generators are made with out of `rest`."""
    mapping = _table(rest, "mapping_kwargs")
    config = {
        "z_dim": rest.pop("z_dim"),
        "c_dim": rest.pop("c_dim"),
        "w_dim": rest.pop("w_dim"),
        "resolution": rest.pop("img_resolution"),
        "img_channels": rest.pop("img_channels"),
        "mapping_layers": mapping.pop("num_layers", mapping_layers),
        "mapping_rate": mapping.pop("lr_multiplier", 0.01),
    }
    for name in ("embed_features", "layer_features"):
        if mapping.get(name) == config["w_dim"]:
            del mapping[name]
    _nothing_else(mapping, _MAPPING_ONLY)
    return config


def _table(rest: Options, name: str) -> Options:
    found = rest.pop(name, {})
    if not isinstance(found, dict):
        damaged(f"was made with {name} that are no table")
    return dict(found)


def _nothing_else(rest: Options, fixed: Options) -> None:
    for name, value in rest.items():
        if name in _NO_ARITHMETIC or (name in fixed and value == fixed[name]):
            continue
        raise Refusal(
            f"was made with {name[:80]}={str(value)[:80]}, which our networks do not have",
            "give a network of the published code bases",
        )
