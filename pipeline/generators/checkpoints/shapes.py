"""Say which tensors a network has, and their shapes, from its description alone.

Building the network would tell the same, but takes its memory, and designs filters of whatever
length a hostile description asks for.
"""

from pipeline.generators import stylegan2, stylegan3

Config = stylegan2.Config | stylegan3.Config
Shapes = dict[str, tuple[int, ...]]


def shapes_of(config: Config) -> Shapes:
    """Names and shapes of parameters and buffers, by NVIDIA's names."""
    if isinstance(config, stylegan2.Config):
        return _mapping(config) | _synthesis2(config)
    return _mapping(config) | _synthesis3(config)


def _mapping(config: Config) -> Shapes:
    w, labelled = config.w_dim, config.c_dim > 0
    shapes: Shapes = {"mapping.w_avg": (w,)}
    if labelled:
        shapes |= _linear("mapping.embed", config.c_dim, w)
    for i in range(config.mapping_layers):
        first = config.z_dim + (w if labelled else 0)
        shapes |= _linear(f"mapping.fc{i}", w if i else first, w)
    return shapes


def _synthesis2(config: stylegan2.Config) -> Shapes:
    shapes: Shapes = {"synthesis.b4.const": (config.channels(4), 4, 4)}
    taps = (len(config.resample_filter),) * 2
    for side in config.resolutions:
        block, outputs = f"synthesis.b{side}", config.channels(side)
        shapes[f"{block}.resample_filter"] = taps
        inputs = config.channels(side // 2) if side > 4 else 0
        for name, before in (("conv0", inputs), ("conv1", outputs)):
            if before:
                shapes |= _convolution(f"{block}.{name}", before, outputs, 3, config.w_dim)
                shapes[f"{block}.{name}.noise_const"] = (side, side)
                shapes[f"{block}.{name}.noise_strength"] = ()
                shapes[f"{block}.{name}.resample_filter"] = taps
        if config.architecture == "skip" or side == config.resolution:
            colours = config.img_channels
            shapes |= _convolution(f"{block}.torgb", outputs, colours, 1, config.w_dim)
        if inputs and config.architecture == "resnet":
            shapes[f"{block}.skip.weight"] = (outputs, inputs, 1, 1)
            shapes[f"{block}.skip.resample_filter"] = taps
    return shapes


def _synthesis3(config: stylegan3.Config) -> Shapes:
    waves = config.signals()[0].channels
    shapes: Shapes = {
        "synthesis.input.weight": (waves, waves),
        "synthesis.input.transform": (3, 3),
        "synthesis.input.freqs": (waves, 2),
        "synthesis.input.phases": (waves,),
        **_linear("synthesis.input.affine", config.w_dim, 4),
    }
    for layer in config.layers():
        name = f"synthesis.{layer.name}"
        inputs, outputs = layer.before.channels, layer.after.channels
        shapes |= _convolution(name, inputs, outputs, layer.kernel, config.w_dim)
        shapes[f"{name}.magnitude_ema"] = ()
        if layer.up_taps > 1:
            shapes[f"{name}.up_filter"] = (layer.up_taps,)
        if layer.down_taps > 1:
            shapes[f"{name}.down_filter"] = (layer.down_taps,) * (2 if layer.radial else 1)
    return shapes


def _linear(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _convolution(name: str, inputs: int, outputs: int, kernel: int, w_dim: int) -> Shapes:
    """A modulated convolution: its kernel and bias, and the map from w to its styles."""
    return {
        f"{name}.weight": (outputs, inputs, kernel, kernel),
        f"{name}.bias": (outputs,),
        **_linear(f"{name}.affine", w_dim, inputs),
    }
