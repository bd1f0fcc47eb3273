"""Render B people: draw, light, paint, and develop the pictures with their truth."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.generator import SEGMENTS
from pipeline.generators.heads import (
    develop,
    eyes,
    gbuffer,
    hair,
    mouth,
    occlusion,
    raster,
    shadow,
    skin,
    skin_shade,
)
from pipeline.generators.heads.camera import HEIGHT, depth_mm
from pipeline.generators.heads.face import aperture
from pipeline.generators.heads.gbuffer import Samples
from pipeline.generators.heads.scene import CLOTHES, FRAMES, JEWELS, NECK, SKIN, Scene, scene
from pipeline.generators.heads.shapes.expressions import JAW_DEGREES
from pipeline.generators.heads.template import MOUTH, MOUTH_X
from pipeline.generators.heads.vectors import unit
from pipeline.generators.heads.worn import backdrop, fabric, glasses, jewellery, lens, material

SAMPLES = 2
"""Samples along a pixel's side."""

HAIR_SEGMENTS = torch.tensor(
    [SEGMENTS.index(name) for name in ("hair", "brows", "eyes", "facial_hair")]
)
"""Segment of each kind of root: scalp, brow, lash, beard."""

DULLED = 0.9
"""Share of the skin's gloss that is lost where hair covers it."""

HAIRY = torch.tensor([float(name in ("hair", "brows", "facial_hair")) for name in SEGMENTS])
"""1 for the segments whose strands are softened."""


@dataclass(frozen=True)
class Film:
    """Everything about B pictures, as tensors; see `generator.Pictures` for shapes and ranges."""

    images: Tensor
    alpha: Tensor
    cutout: Tensor
    segmentation: Tensor
    depth: Tensor
    landmarks: Tensor
    cameras: Tensor


@dataclass
class Canvas:
    """What the samples [B * side * side] have come to: radiance [.., 3] and segment [..]."""

    light: Tensor
    segment: Tensor
    side: int

    def put(self, cell: Tensor, light: Tensor, segment: Tensor | int) -> None:
        """Set samples `cell` [N]."""
        self.light[cell] = light
        self.segment[cell] = segment

    def picture(self) -> Tensor:
        """Radiance as [B, 3, side, side]."""
        return as_picture(self.light, self.side)


def as_picture(samples: Tensor, side: int) -> Tensor:
    """Samples [B * side * side, C] as [B, C, side, side]."""
    return samples.view(-1, side, side, samples.shape[1]).permute(0, 3, 1, 2)


def unit_rows(v: Tensor) -> Tensor:
    """Rows of v [N, 3] at length 1; columns stay contiguous."""
    return unit(v.t()).t()


@dataclass(frozen=True)
class Lighting:
    """How light reaches every sample of the buffer: [B * side * side] each."""

    shadows: shadow.Shadows
    open_sky: Tensor
    side: int

    def at(
        self, cell: Tensor, position: Tensor, normal: Tensor, person: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Share of the key light and of the sky that reach samples: [N] each."""
        solid, cover, behind = self.shadows.at(position, normal, person)
        veil = 1 - cover * (1 - hair.transmittance(behind))
        return solid * veil, occlusion.read(self.open_sky, cell, self.side)


def render(t: Mapping[str, Tensor], size: int, only_images: bool = False) -> Film:
    """Pictures of B people with traits t, [B] each, of size x size px."""
    times = SAMPLES
    side = size * times
    w = scene(t, size, side)
    b, device = len(t["yaw"]), t["yaw"].device
    pixel = HEIGHT / side

    buffer = torch.full((b * side * side,), raster.EMPTY, device=device)
    screens = gbuffer.draw(buffer, w.solid, w.camera)
    faces = sum(len(surface.faces) for surface in w.solid)
    toward = torch.tensor([0.0, 0.0, 1.0], device=device).expand(b, 3)
    hair.draw(w.strands, w.camera.project, toward, side, buffer, faces)
    solid = gbuffer.resolve(buffer, w.solid, screens, w.camera)

    light = lighting(w, buffer, size, times)
    canvas = Canvas(
        torch.zeros(b * side * side, 3, device=device),
        torch.zeros(b * side * side, dtype=torch.long, device=device),
        side,
    )
    paint_skin(w, canvas, solid, light, pixel)
    paint_worn(w, canvas, solid, light, pixel)
    paint_hair(w, canvas, buffer, light, faces)
    paint_lenses(w, canvas, buffer)
    return finish(w, canvas, buffer, size, times, only_images)


def paint_skin(
    w: Scene, canvas: Canvas, solid: list[Samples], light: Lighting, pixel: float
) -> None:
    """Skin of head and neck, and what its openings show: eyeballs and the inside of the mouth."""
    s = solid[SKIN].joined(solid[NECK])
    rest, chart = s.attributes[:, :3], s.attributes[:, 3:]
    lit, ao = light.at(s.cell, s.position, s.normal, s.person)
    eye = torch.tensor(w.camera.eye, device=rest.device)
    view = unit_rows(eye - s.position)
    paint = skin.paint(w.traits, rest, chart, s.person, pixel)
    albedo, grown = tinted(w, paint.albedo, rest, s.person)
    turn = w.camera.turn
    spread, gloss = skin_shade.shade(paint, s.normal, view, lit, ao, w.lights, turn, s.person)
    picture = torch.zeros_like(canvas.light)
    mask = torch.zeros_like(picture[:, :1])
    picture[s.cell], mask[s.cell] = spread, 1.0
    soft = skin_shade.scatter(
        as_picture(picture, canvas.side), as_picture(mask, canvas.side), 1 / pixel
    )
    spread = soft.permute(0, 2, 3, 1).reshape(-1, 3)[s.cell]
    # Roots take the shine from the scalp.
    gloss = gloss * (1 - DULLED * grown)[:, None]
    canvas.put(s.cell, albedo * spread + gloss, paint.segment)

    inner = s.piece == MOUTH
    gap, _, _ = aperture(rest)
    open_eye = (gap > 0) & ~inner
    for chosen, look in ((open_eye, see_eyes), (inner, see_mouth)):
        at = torch.nonzero(chosen)[:, 0]
        if at.numel():
            ray, origin = w.camera.to_head(-view[at], eye, s.person[at])
            look(w, canvas, s.where(at), ray, origin, lit[at], ao[at], pixel)


def tinted(w: Scene, albedo: Tensor, rest: Tensor, person: Tensor) -> tuple[Tensor, Tensor]:
    """Skin albedo [N, 3] with the follicles of scalp, beard and brows, and their cover [N]."""
    t = w.traits
    scalp, beard, brow = hair.follicles(t, rest, person).unbind(1)
    grown = (t["hair_length"] > 0.5).float()
    bearded = (t["facial_hair"] > 1.5).float()
    cover = torch.maximum(
        scalp * (0.42 + 0.50 * grown)[person], beard * (0.26 + 0.24 * bearded)[person]
    )
    cover = torch.maximum(cover, 0.42 * brow)
    color = hair.base_color(t)[person]
    return torch.lerp(albedo, 0.75 * color + 0.06 * albedo, cover[:, None]), cover


def see_eyes(
    w: Scene, canvas: Canvas, s: Samples, ray: Tensor, origin: Tensor, lit: Tensor, ao: Tensor,
    pixel: float,
) -> None:  # fmt: skip
    """Samples within the lids."""
    gap, above, u = aperture(s.attributes[:, :3])
    side = (s.attributes[:, 0] > 0).long()
    color, segment = eyes.look(
        w.traits, origin, ray, side, w.points("eyes"), gap, above, u, lit, ao, w.lights,
        w.camera.turn, s.person, pixel,
    )  # fmt: skip
    canvas.put(s.cell, color, segment)


def see_mouth(
    w: Scene, canvas: Canvas, s: Samples, ray: Tensor, origin: Tensor, lit: Tensor, ao: Tensor,
    pixel: float,
) -> None:  # fmt: skip
    """Samples between the lips."""
    middle = w.points("landmarks")[:, [62, 66]].mean(1)
    color, segment = mouth.look(
        w.traits, origin, ray, s.attributes[:, 0] / MOUTH_X,
        JAW_DEGREES * w.traits["mouth_open"], middle, lit, ao, w.lights, w.camera.turn, s.person,
        pixel,
    )  # fmt: skip
    canvas.put(s.cell, color, segment)


def paint_worn(
    w: Scene, canvas: Canvas, solid: list[Samples], light: Lighting, pixel: float
) -> None:
    """Clothing, frames and jewellery."""
    eye = torch.tensor(w.camera.eye, device=canvas.light.device)
    for kind in (CLOTHES, FRAMES, JEWELS):
        s = solid[kind]
        if len(s) == 0:
            continue
        normal = s.normal
        if kind == CLOTHES:
            stuff, normal = fabric.paint(w.traits, s.piece, s.attributes, normal, s.person, pixel)
        elif kind == FRAMES:
            stuff = glasses.paint(w.traits, s.piece, s.attributes, s.person)
        else:
            stuff = jewellery.paint(w.traits, s.piece, s.attributes, s.person)
        lit, ao = light.at(s.cell, s.position, s.normal, s.person)
        if kind == CLOTHES:
            ao = ao * s.attributes[:, 5]
        view = unit_rows(eye - s.position)
        color = material.shade(stuff, normal, view, lit, ao, w.lights, s.person)
        canvas.put(s.cell, color, stuff.segment)


def paint_lenses(w: Scene, canvas: Canvas, buffer: Tensor) -> None:
    """Lay the glass over what is behind it: a mirrored room, a little less light."""
    if w.lenses.shown is not None and not bool(w.lenses.shown.any()):
        return
    panes = torch.full_like(buffer, raster.EMPTY)
    screens = gbuffer.draw(panes, [w.lenses], w.camera)
    panes = torch.where(panes < buffer, panes, raster.EMPTY)
    s = gbuffer.resolve(panes, [w.lenses], screens, w.camera)[0]
    eye = torch.tensor(w.camera.eye, device=buffer.device)
    view = unit_rows(eye - s.position)
    added, through = lens.glass(w.traits, s.position, s.normal, view, w.lights, s.person)
    canvas.light[s.cell] = canvas.light[s.cell] * through + added


def paint_hair(w: Scene, canvas: Canvas, buffer: Tensor, light: Lighting, first: int) -> None:
    """Hair of the scalp, brows, lashes and beard."""
    cell = torch.nonzero((buffer != raster.EMPTY) & (raster.number(buffer) >= first))[:, 0]
    person = cell // canvas.side**2
    toward = torch.tensor([0.0, 0.0, 1.0], device=cell.device).expand(len(w.vertices), 3)
    s = hair.samples(w.strands, toward, raster.number(buffer[cell]) - first, person)
    lit, ao = light.at(cell, s.position, s.normal, person)
    eye = torch.tensor(w.camera.eye, device=cell.device)
    color = hair.shade(s, w.lights, eye, lit, ao)
    canvas.put(cell, color, HAIR_SEGMENTS.to(cell.device)[s.kind])


def lighting(w: Scene, buffer: Tensor, size: int, times: int) -> Lighting:
    """Shadow maps of the key light, and the sky left open by what is near."""
    resolution = max(64, min(256, size))
    view = shadow.light_view(w.lights, resolution)
    veil = torch.full((len(w.vertices) * resolution**2,), raster.EMPTY, device=buffer.device)
    hair.draw(w.strands, view.project, w.lights.key, resolution, veil, 0, detail=0.5)
    shadows = shadow.cast(w.solid, veil, w.lights, view)
    side = size * times
    depth = depth_mm(raster.depth_of(buffer)).clamp(max=1640).view(-1, 1, side, side)
    open_sky = occlusion.occlusion(develop.shrink(depth, times)[:, 0], size / HEIGHT)
    return Lighting(shadows, open_sky, side)


def finish(
    w: Scene, canvas: Canvas, buffer: Tensor, size: int, times: int, only_images: bool
) -> Film:
    """Put the person before the backdrop and develop everything."""
    side = canvas.side
    cover = (buffer != raster.EMPTY).float().view(-1, 1, side, side)
    gain = skin_shade.exposure(w.lights)[:, None, None, None]
    person = skin_shade.film(canvas.picture() * gain)
    room = backdrop.backdrop(w.traits, w.lights, size).permute(0, 3, 1, 2)
    behind = skin_shade.film(room * gain)
    strands = HAIRY.to(cover.device)[canvas.segment].view(-1, 1, side, side)
    parts = [develop.shrink(part, times) for part in (person * cover, cover, strands)]
    front = develop.soften(torch.cat(parts[:2], 1), parts[2])
    front, share = front[:, :3], front[:, 3:]
    images = develop.to_bytes(front + behind * (1 - share)).permute(0, 2, 3, 1)
    empty = torch.zeros(0, device=buffer.device)
    if only_images:
        return Film(images, empty, empty, empty, empty, empty, empty)
    depth = depth_mm(raster.depth_of(buffer)).view(-1, side, side)
    depth = torch.where(cover[:, 0] > 0, depth, 0.0)
    segmentation = develop.majority(canvas.segment.view(-1, side, side), times)
    landmarks = w.camera.project(w.camera.world(w.points("landmarks")))[..., :2] / times
    return Film(
        images=images,
        alpha=develop.to_bytes(share)[:, 0],
        cutout=develop.to_bytes(develop.cutout(front / share.clamp(min=1e-6), share, 1)).permute(
            0, 2, 3, 1
        ),
        segmentation=develop.overgrown(segmentation, share),
        depth=develop.carried(develop.nearest(depth, times), share),
        landmarks=landmarks,
        cameras=w.camera.matrices() / torch.tensor([[times], [times], [1.0]], device=buffer.device),
    )
