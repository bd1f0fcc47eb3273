"""Compute a StyleGAN2 generator in the form that is cheap to train, with mixed precision.

The arithmetic is that of `stylegan2.reference`, unfused: styles scale what goes into a convolution
and demodulation what comes out, so that one convolution serves the whole batch (Karras et al. 2020,
sec. 2.2 and appendix B), where a weight a picture would need one group each.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.generators.stylegan2.convolution import clamped, doubled
from pipeline.generators.stylegan2.inputs import spread
from pipeline.generators.stylegan2.reference import (
    GAIN,
    SLOPE,
    Block,
    Layer,
    Network,
    ToRGB,
)
from pipeline.training.gan.filter import filtered


def synthesize(
    network: Network,
    w: Tensor,
    noise: list[Tensor] | None = None,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Render w; the gradient flows to w and to the network's weights.

    Args:
        network: of the "skip" architecture.
        w: float32 [B, w_dim] or [B, num_ws, w_dim].
        noise: a map a layer, float32 [B or 1, r, r], r of `noise_sizes`; None: no noise.
        dtype: of features; weights, styles and colours stay float32.

    Returns:
        float32 [B, img_channels, R, R], about -1..1.
    """
    config = network.config
    ws = spread(w, config.num_ws)
    maps = iter(noise or [])
    x: Tensor | None = None
    image: Tensor | None = None
    at = 0
    for r in config.resolutions:
        block = network.synthesis.get_submodule(f"b{r}")
        assert isinstance(block, Block)
        if x is None:
            x = block.const.to(dtype).expand(len(ws), -1, -1, -1)
            x = x.contiguous(memory_format=torch.channels_last)
        else:
            x = _layer(block.conv0, x, ws[:, at], next(maps, None))
            at += 1
        x = _layer(block.conv1, x, ws[:, at], next(maps, None))
        at += 1
        colours = _colours(block.torgb, x, ws[:, at])
        if image is None:
            image = colours
        else:
            image = doubled(image, block.get_buffer("resample_filter")) + colours
    assert image is not None
    return image


def _layer(layer: Layer, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
    """`Layer.forward`: [B, I, r, r], [B, w_dim], [B or 1, r', r'] to [B, O, r', r']."""
    style = layer.affine(w)
    power = style.square() @ layer.weight.square().sum([2, 3]).T
    # Leaky ReLU lets a positive factor through: the gain joins the demodulation.
    gain = GAIN * (power + 1e-8).rsqrt()
    x = x * style.to(x.dtype)[:, :, None, None]
    weight = layer.weight.to(x.dtype)
    if layer.up:
        x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
        taps = layer.get_buffer("resample_filter").to(x.dtype)
        missing = len(taps) - 2
        x = filtered(x, taps * 4, (missing + 1) // 2, missing // 2)
    else:
        x = F.conv2d(x, weight, padding=1)
    offset = (GAIN * layer.bias)[:, None, None]
    if noise is not None:
        offset = offset + (GAIN * layer.noise_strength) * noise[:, None]
    x = torch.addcmul(offset.to(x.dtype), x, gain.to(x.dtype)[:, :, None, None])
    return clamped(F.leaky_relu(x, SLOPE), layer.clamp, GAIN)


def _colours(layer: ToRGB, x: Tensor, w: Tensor) -> Tensor:
    """`ToRGB.forward`: [B, I, r, r], [B, w_dim] to float32 [B, img_channels, r, r]."""
    style = layer.affine(w) * layer.weight.shape[1] ** -0.5
    x = x * style.to(x.dtype)[:, :, None, None]
    colours = F.conv2d(x, layer.weight.to(x.dtype)).float() + layer.bias[:, None, None]
    return clamped(colours, layer.clamp)
