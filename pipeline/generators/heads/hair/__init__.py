"""Hair as strands: where it grows, how it is cut and combed, how it is drawn and lit.

    roots() -> Roots                              rest points to append to the mesh, cached
    grow(t, moved, normals, size) -> Strands      B people; head space, mm
    pose(strands, camera) -> Posed                to the world
    draw(posed, project, toward, side, buffer, first)
                                                  into the keys, numbered from `first` on;
                                                  with detail < 1 fewer hairs, for shadow maps
    samples(posed, toward, number - first, person) -> Samples
                                                  of the winning keys
    shade(samples, lights, eye, lit, ao)          radiance [N, 3]
    transmittance(mm)                             share of light so far behind the first hair
    base_color(t)                                 albedo of all strands together [B, 3]
    follicles(t, rest, person)                    scalp, beard, brow density of the skin [N, 3]

`t` holds traits as float32 [B]; `moved` and `normals` are [B, S, 3] for all S roots; `toward` are
unit directions to the viewer or light [B, 3]; `project` takes world points [B, S, P, 3] to
(samples right, samples down, depth 0..1), as `Camera.project` does. `grow` takes `index` [B],
haircuts of `cuts.NAMES`, against the traits' own choice.
"""

from pipeline.generators.heads.hair.colors import base_color
from pipeline.generators.heads.hair.draw import draw
from pipeline.generators.heads.hair.follicles import follicles
from pipeline.generators.heads.hair.grow import grow
from pipeline.generators.heads.hair.pose import Posed, pose
from pipeline.generators.heads.hair.roots import Roots, roots
from pipeline.generators.heads.hair.sampled import Samples, samples
from pipeline.generators.heads.hair.shade import shade, transmittance
from pipeline.generators.heads.hair.strands import Strands

__all__ = [
    "Posed",
    "Roots",
    "Samples",
    "Strands",
    "base_color",
    "draw",
    "follicles",
    "grow",
    "pose",
    "roots",
    "samples",
    "shade",
    "transmittance",
]
