"""Measure StyleGAN2 synthesis: the plain network, ours, and how far ours is from the plain one.

python benchmarks/stylegan.py                  # CPU-seconds a picture, paper256, one thread
python benchmarks/stylegan.py --full           # and config-f at 1024 px
python benchmarks/stylegan.py --device cuda    # seconds a picture
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import statistics
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.generators.stylegan2 import Config, Fast, Network
from pipeline.generators.stylegan2.convolution import to_pixels

PAPER256 = Config(resolution=256, channel_base=16384, num_fp16_res=4, conv_clamp=256)
CONFIG_F = Config(resolution=1024, channel_base=32768, num_fp16_res=4, conv_clamp=256)
SPREAD = 0.5
"""Standard deviation of the pictures, of -1..1: that of photographs of faces."""


def main(device: str, full: bool, batch: int, rounds: int) -> None:
    """Print a table for each network."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    name = "CPU-seconds" if device == "cpu" else "seconds"
    rate = matrix_rate(device, clock)
    print(f"{torch.get_num_threads()} thread(s), batch {batch}, median of {rounds} (least-largest)")
    print(f"matrix product in half precision: {rate / 1e9:,.0f} GFLOP/s\n")
    networks = {"paper256": PAPER256} | ({"config-f 1024": CONFIG_F} if full else {})
    for title, config in networks.items():
        torch.manual_seed(0)
        network = trained_like(Network(config)).eval().requires_grad_(False).to(device)
        w = network.mapping(torch.randn(batch, config.z_dim, device=device))
        fast, single = Fast(network, device), Fast(network, device, torch.float32)
        ways: dict[str, Callable[[], Tensor]] = {
            "plain float32": lambda net=network, w=w: to_pixels(net.synthesis(w)),
            "ours float32": lambda net=single, w=w: net.pixels(w),
            "ours": lambda net=fast, w=w: net.pixels(w),
        }
        work = 2 * sum(multiplications(config))
        print(f"{title}: {work / 2e9:.1f} G multiply-adds a picture")
        print(f"{name + ' a picture':>40} {'times plain':>24} {'of the matrix rate':>20}")
        plain = 0.0
        for way, call in ways.items():
            spent = seconds(call, rounds, clock, batch)
            median = statistics.median(spent)
            plain = plain or median
            print(
                f"  {way:<16} {median:.4f} ({min(spent):.4f}-{max(spent):.4f})"
                f" {plain / median:>21.2f} {work / median / rate:>19.0%}",
                flush=True,
            )
        exact = network.synthesis(w)
        for way, net in (("ours float32", single), ("ours", fast)):
            print(f"  {way:<16} {errors(exact, net.synthesis(w))}")
        print()


def trained_like(network: Network) -> Network:
    """Noise in every layer, and colours scaled so that pictures spread as photographs do."""
    layers = dict(network.synthesis.named_parameters())
    with torch.no_grad():
        for name, value in layers.items():
            if name.endswith("noise_strength"):
                value.fill_(0.1)
        small = network.mapping(torch.randn(2, network.config.z_dim))
        gain = SPREAD / network.synthesis(small).std()
        for name, value in layers.items():
            if "torgb.weight" in name:
                value.mul_(gain)
    return network


def multiplications(config: Config) -> Iterator[int]:
    """Multiply-adds of each convolution, a doubling one counted at its input's size."""
    for r in config.resolutions:
        outputs = config.channels(r)
        if r > 4:
            yield 9 * (r // 2) ** 2 * config.channels(r // 2) * outputs
        yield 9 * r**2 * outputs**2
        yield r**2 * outputs * config.img_channels


def matrix_rate(device: str, clock: Callable[[], float]) -> float:
    """FLOP/s of a product of two 4096 x 4096 matrices (1024 on a CPU)."""
    side = 1024 if device == "cpu" else 4096
    kind = torch.bfloat16 if device == "cpu" else torch.float16
    a = torch.randn(side, side, device=device).to(kind)
    spent = seconds(lambda: F.linear(a, a), 9, clock, 1)
    return 2 * side**3 / statistics.median(spent)


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
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with torch.inference_mode():
        main(arguments.device, arguments.full, arguments.batch, arguments.rounds)
