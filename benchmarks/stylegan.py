"""Measure synthesis: the plain networks, ours, and how far ours is from the plain one.

python benchmarks/stylegan.py                     # CPU-seconds a picture at 256 px, one thread
python benchmarks/stylegan.py --full              # and StyleGAN2 config-f at 1024 px
python benchmarks/stylegan.py --only StyleGAN3    # networks whose name holds the word
python benchmarks/stylegan.py --device cuda       # seconds a picture
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.generators import stylegan2, stylegan3
from pipeline.generators.stylegan2.convolution import to_pixels

Config = stylegan2.Config | stylegan3.Config
Network = stylegan2.Network | stylegan3.Network
Fast = stylegan2.Fast | stylegan3.Fast

CASES: dict[str, Config] = {
    "StyleGAN2 paper256": stylegan2.Config(resolution=256, channel_base=16384, conv_clamp=256),
    "StyleGAN3-T 256": stylegan3.Config(resolution=256, channel_base=16384),
    "StyleGAN2 config-f 1024": stylegan2.Config(resolution=1024, conv_clamp=256),
}
LARGE = 512
"""px; larger networks only with --full."""

SPREAD = 0.5
"""Standard deviation of the pictures, of -1..1: that of photographs of faces."""


def main(device: str, full: bool, only: str, batch: int, rounds: int) -> None:
    """Print a table for each network."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    unit = "CPU-seconds" if device == "cpu" else "seconds"
    rate = matrix_rate(device, clock)
    print(f"{torch.get_num_threads()} thread(s), batch {batch}, median of {rounds} (least-largest)")
    print(f"matrix product in half precision: {rate / 1e9:,.0f} GFLOP/s\n")
    for title, config in CASES.items():
        if only in title and (config.resolution <= LARGE or full):
            print(title)
            measure(config, device, batch, rounds, clock, rate, unit)
            print()


def measure(
    config: Config,
    device: str,
    batch: int,
    rounds: int,
    clock: Callable[[], float],
    rate: float,
    unit: str,
) -> None:
    """Print a network's table: cost of each way, then their errors."""
    torch.manual_seed(0)
    network, fast, single = networks(config, device)
    w = network.mapping(torch.randn(batch, config.z_dim, device=device))
    ways: dict[str, Callable[[], Tensor]] = {
        "plain float32": lambda: to_pixels(network.synthesis(w)),
        "plain, one by one": lambda: torch.cat([to_pixels(network.synthesis(v[None])) for v in w]),
        "ours float32": lambda: single.pixels(w),
        "ours": lambda: fast.pixels(w),
    }
    work = 2 * multiplications(network, w[:1])
    print(f"  {work / 2e9:.1f} G multiply-adds a picture in convolutions")
    print(f"{unit + ' a picture':>44} {'plain / it':>16} {'of the matrix rate':>20}")
    if device != "cpu":
        ways["plain float16"] = lambda: to_pixels(_in_half(network, w))
    plain = 0.0
    for way, call in ways.items():
        spent = seconds(call, rounds, clock, batch)
        median = statistics.median(spent)
        plain = plain or median
        cost = f"{median:.4f} ({min(spent):.4f}-{max(spent):.4f})"
        share = work / median / rate
        print(f"  {way:<18} {cost:>23} {plain / median:>16.2f} {share:>20.0%}", flush=True)
    exact = network.synthesis(w)
    for way, net in (("ours float32", single), ("ours", fast)):
        print(f"  {way:<18} {errors(exact, net.synthesis(w))}")


def networks(config: Config, device: str) -> tuple[Network, Fast, Fast]:
    """The plain network, ours, and ours in float32."""
    if isinstance(config, stylegan2.Config):
        second = stylegan2.Network(config)
        trained_like(second.eval().requires_grad_(False)).to(device)
        ours = stylegan2.Fast(second, device), stylegan2.Fast(second, device, torch.float32)
        return second, *ours
    third = stylegan3.Network(config)
    trained_like(third.eval().requires_grad_(False)).to(device)
    return third, stylegan3.Fast(third, device), stylegan3.Fast(third, device, torch.float32)


def _in_half(network: Network, w: Tensor) -> Tensor:
    """The plain network with float16 convolutions, as a port would have them."""
    with torch.autocast("cuda", torch.float16):
        images: Tensor = network.synthesis(w)
        return images.float()


def trained_like(network: Network) -> Network:
    """Noise in every layer, and colours scaled so that pictures spread as photographs do."""
    state = network.synthesis.state_dict()
    for name, value in state.items():
        if name.endswith("noise_strength"):
            value.fill_(0.1)
    gain = SPREAD / network.synthesis(network.mapping(torch.randn(2, network.config.z_dim))).std()
    colours = "torgb" if isinstance(network, stylegan2.Network) else network.synthesis.names[-1]
    for name, value in state.items():
        if name.endswith(f"{colours}.weight"):
            value.mul_(gain)
    return network


def multiplications(network: Network, w: Tensor) -> int:
    """Multiply-adds of the layers' convolutions, a doubling one counted at its input's size."""
    total = 0

    def count(layer: torch.nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        shape = getattr(layer, "shape", None)
        side = output.shape[-1] // 2 if getattr(layer, "up", False) else output.shape[-1]
        if shape is not None:
            side = shape.before.size + shape.kernel - 1
        total += layer.get_parameter("weight").numel() * side**2

    kinds = (
        stylegan2.reference.Layer,
        stylegan2.reference.ToRGB,
        stylegan3.reference.Layer,
    )
    hooks = [m.register_forward_hook(count) for m in network.modules() if isinstance(m, kinds)]
    network.synthesis(w)
    for hook in hooks:
        hook.remove()
    return total


def matrix_rate(device: str, clock: Callable[[], float]) -> float:
    """FLOP/s of a product of two square matrices in half precision."""
    side = 1024 if device == "cpu" else 8192
    kind = torch.bfloat16 if device == "cpu" else torch.float16
    a = torch.randn(side, side, device=device).to(kind)
    return 2 * side**3 / statistics.median(seconds(lambda: F.linear(a, a), 9, clock, 1))


@torch.inference_mode()
def seconds(
    call: Callable[[], Tensor], rounds: int, clock: Callable[[], float], batch: int
) -> list[float]:
    """Seconds a picture of each round, after a warm-up."""
    call()
    spent = []
    for _ in range(rounds):
        _wait()
        start = clock()
        call()
        _wait()
        spent.append((clock() - start) / batch)
    return spent


def errors(exact: Tensor, ours: Tensor) -> str:
    """How far pictures lie from the plain network's."""
    largest = (exact - ours).abs().max().item()
    apart = to_pixels(exact).float() - to_pixels(ours).float()
    noise = 10 * torch.log10(255**2 / apart.square().mean()).item()
    return (
        f"largest difference {largest:.1e} of -1..1; in 0..255: mean {apart.abs().mean():.3f}, "
        f"largest {apart.abs().max():.0f}, PSNR {noise:.1f} dB"
    )


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--full", action="store_true", help="config-f at 1024 px too")
    parser.add_argument("--only", default="")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    with torch.inference_mode():
        main(**vars(parser.parse_args()))
