"""Train the generator against a discriminator (Goodfellow et al., 2014; Karras et al., 2020).

Non-saturating logistic loss; a gradient penalty on real pictures, R1, and one on the lengths of
paths, both lazy: in steps of their own, now and then, weighed by the steps between. One batch of
generated pictures serves both networks.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.generators.stylegan2.reference import Network
from pipeline.training.gan import ranks
from pipeline.training.gan.augment import augmented, next_p
from pipeline.training.gan.discriminator import Discriminator
from pipeline.training.gan.draws import batch_draws
from pipeline.training.gan.features import Taught
from pipeline.training.gan.fused import fused
from pipeline.training.gan.heads_data import full_latents
from pipeline.training.gan.regress import DTYPES, descend, loss_of, mapped
from pipeline.training.gan.shards import Feed, Sample
from pipeline.training.gan.spec import GanSpec
from pipeline.training.gan.state import State
from pipeline.training.gan.synthesis import synthesize

PATH_MEMORY = 0.99
"""How much of the mean length of paths a batch leaves as it was."""

ADAPT_STEPS = 4
"""Steps between two changes of p."""


def adversarial_step(
    state: State, spec: GanSpec, feed: Feed, taught: Taught | None = None
) -> dict[str, float]:
    """Both networks learn from this rank's share of one batch; gives losses, scores, penalties."""
    at = state.step - spec.regress_steps
    if at == 0 and spec.regress_steps:
        state.begin_adversarial()
    wanted = spec.adversarial
    sample = feed(at)
    if spec.data.mirror:
        sample = sample.mirrored(batch_draws(spec.seed, state.step, "mirror"))
    z = _latents(state, spec, sample).to(state.device)
    state.discriminator.requires_grad_(False)
    fake, figures = _generator_step(state, spec, sample, z, taught)
    if wanted.path_length_weight and at % wanted.path_length_interval == 0:
        figures["path_length"] = _path_step(state, spec, z)
    state.discriminator.requires_grad_(True)
    figures |= _discriminator_step(state, spec, sample, fake)
    if wanted.r1_gamma and at % wanted.r1_interval == 0:
        figures["r1"] = _r1_step(state, spec, sample)
    state.follow(spec)
    if wanted.augment.p is None and (at + 1) % ADAPT_STEPS == 0:
        total, count = state.signs
        state.p = next_p(state.p, total / count, wanted.augment.target, count, wanted.augment.kimg)
        state.signs = (0.0, 0)
    return figures | {"augmentation": state.p}


def path_lengths(network: Network, w: Tensor, noise: list[Tensor], way: Tensor) -> Tensor:
    """How far each picture moves along a random direction when w moves by one, float32 [B].

    (Karras et al. 2020, eq. 4.) The gradient flows on: it is that of a gradient.

    Args:
        w: [B, num_ws, w_dim], part of the graph.
        way: standard normal, [B, C, R, R].
    """
    images = synthesize(network, w, noise)
    scaled = way / math.sqrt(images.shape[2] * images.shape[3])
    (gradient,) = torch.autograd.grad((images * scaled).sum(), w, create_graph=True)
    return gradient.square().sum(2).mean(1).sqrt()


def r1_penalty(discriminator: Discriminator, images: Tensor) -> Tensor:
    """Mean square length of the scores' gradients by the pictures (Mescheder et al., 2018).

    In float32, by a second derivative. The gradient is by the pictures that the discriminator sees,
    thus after augmentation, which has no second derivative.
    """
    images = images.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(images).sum(), images, create_graph=True)
    return gradient.square().sum([1, 2, 3]).mean()


def _generator_step(
    state: State, spec: GanSpec, sample: Sample, z: Tensor, taught: Taught | None
) -> tuple[Tensor, dict[str, float]]:
    dtype = DTYPES[spec.precision]
    w = _mixed(state, spec, mapped(state.generator, z))
    noise = _noise(state, spec, len(w), "noise")
    fake = fused(synthesize, spec)(state.generator, w, noise, dtype)
    seen = augmented(fake, state.p, batch_draws(spec.seed, state.step, "augment_fake"))
    scores = state.discriminator(seen, dtype)
    loss = F.softplus(-scores).mean()
    figures = {"loss_generator": loss.item(), "score_fake": scores.mean().item()}
    if spec.adversarial.anchor and sample.latents.shape[1]:
        apart, parts = loss_of(fake, sample, spec, taught)
        figures |= parts
        loss = loss + spec.adversarial.anchor * apart
    figures["gradient"] = descend(state.generate, state.generator, loss, spec.clip)
    return fake.detach(), figures


def _path_step(state: State, spec: GanSpec, z: Tensor) -> float:
    wanted = spec.adversarial
    # Half a batch will do, and costs as much as a whole one without a second derivative.
    z = z[: -(-len(z) // 2)]
    config = state.generator.config
    shape = (len(z), config.img_channels, config.resolution, config.resolution)
    way = batch_draws(spec.seed, state.step, "path", z.device).normal(*shape)
    noise = _noise(state, spec, len(z), "path_noise")
    lengths = path_lengths(state.generator, state.generator.mapping(z), noise, way)
    mean = ranks.mean(lengths.mean()).item()
    state.path_mean = PATH_MEMORY * state.path_mean + (1 - PATH_MEMORY) * mean
    penalty = (lengths - state.path_mean).square().mean()
    weight = wanted.path_length_weight * wanted.path_length_interval
    descend(state.generate, state.generator, weight * penalty, spec.clip)
    return mean


def _discriminator_step(
    state: State, spec: GanSpec, sample: Sample, fake: Tensor
) -> dict[str, float]:
    dtype = DTYPES[spec.precision]
    # Pictures that were augmented for the generator are augmented anew.
    false = augmented(fake, state.p, batch_draws(spec.seed, state.step, "augment_again"))
    true = augmented(sample.images, state.p, batch_draws(spec.seed, state.step, "augment_real"))
    # Apart, since each compares the pictures of its batch with each other.
    low, high = state.discriminator(false, dtype), state.discriminator(true, dtype)
    loss = F.softplus(low).mean() + F.softplus(-high).mean()
    norm = descend(state.discriminate, state.discriminator, loss, spec.clip)
    total, count = state.signs
    signs = ranks.total(high.sign().sum()).item()
    state.signs = (total + signs, count + len(high) * ranks.count())
    return {
        "loss_discriminator": loss.item(),
        "score_real": high.mean().item(),
        "gradient_discriminator": norm,
    }


def _r1_step(state: State, spec: GanSpec, sample: Sample) -> float:
    wanted = spec.adversarial
    true = augmented(sample.images, state.p, batch_draws(spec.seed, state.step, "augment_real"))
    penalty = r1_penalty(state.discriminator, true)
    weight = wanted.r1_gamma / 2 * wanted.r1_interval
    descend(state.discriminate, state.discriminator, weight * penalty, spec.clip)
    return penalty.item()


def _latents(state: State, spec: GanSpec, sample: Sample) -> Tensor:
    """z of the batch, [B, z_dim]: of the real pictures where they have latents, else drawn."""
    source = batch_draws(spec.seed, state.step, "latents")
    z_dim = state.generator.config.z_dim
    if sample.latents.shape[1]:
        return full_latents(sample.latents, z_dim, source)
    return source.normal(len(sample.images), z_dim)


def _mixed(state: State, spec: GanSpec, w: Tensor) -> Tensor:
    """Give some pictures another w from some layer on (Karras et al. 2019, sec. 3.1)."""
    if not spec.adversarial.style_mixing:
        return w
    count, layers = w.shape[:2]
    source = batch_draws(spec.seed, state.step, "mix")
    z = source.normal(count, state.generator.config.z_dim)
    other = state.generator.mapping(z.to(w.device))
    first = source.whole(1, layers, count)
    alone = source.uniform(count) >= spec.adversarial.style_mixing
    own = alone[:, None] | (torch.arange(layers) < first[:, None])
    return torch.where(own[:, :, None].to(w.device), w, other)


def _noise(state: State, spec: GanSpec, count: int, stream: str) -> list[Tensor]:
    """A map a layer and picture, float32 [count, r, r]."""
    source = batch_draws(spec.seed, state.step, stream, state.device)
    return [source.normal(count, r, r) for r in state.generator.config.noise_sizes]
