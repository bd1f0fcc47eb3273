"""Place the camera and the head before it, and project points to samples."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

DISTANCE = 1150.0
"""From the camera to the plane z = 0, mm: a portrait lens."""

HEIGHT, PLANE, AIM = 304.0, -50.0, -1.0
"""The picture spans HEIGHT mm at z = PLANE; its middle is at y = AIM."""

NEAR, FAR = 850.0, 1650.0
"""Depth range of the keys, mm."""

PIVOT = (0.0, -70.0, -95.0)
"""Where head and neck turn, mm; in head space and in the world."""


@dataclass(frozen=True)
class Camera:
    """A camera for each of B people, side x side samples.

    turn: float32 [B, 3, 3], world from head (rotation about PIVOT). body: the same for the
    shoulders. World axes are the camera's: x right, y up, z to the viewer.
    """

    turn: Tensor
    body: Tensor
    side: int

    def world(self, p: Tensor, body: bool = False) -> Tensor:
        """Head-space points [B, ..., 3] in the world."""
        pivot = torch.tensor(PIVOT, device=p.device)
        turn = self.body if body else self.turn
        flat = (p - pivot).flatten(1, -2)
        return (flat @ turn.transpose(1, 2)).view(p.shape) + pivot

    def directions(self, v: Tensor) -> Tensor:
        """Head-space directions [B, ..., 3] in the world."""
        return (v.flatten(1, -2) @ self.turn.transpose(1, 2)).view(v.shape)

    @property
    def focal(self) -> float:
        """Samples a unit of x / depth."""
        return self.side * (DISTANCE - PLANE) / HEIGHT

    def to_head(self, direction: Tensor, point: Tensor, person: Tensor) -> tuple[Tensor, Tensor]:
        """World directions [N, 3] and one world point [3] in each person's head space: [N, 3]."""
        pivot = torch.tensor(PIVOT, device=direction.device)
        origin = (point - pivot) @ self.turn + pivot
        if len(self.turn) == 1:
            return direction @ self.turn[0], origin.expand(len(direction), 3)
        turned = (direction[:, None] @ self.turn[person])[:, 0]
        return turned, origin[person]

    def project(self, p: Tensor) -> Tensor:
        """World points [..., 3] to (samples right, samples down, depth 0..1): [..., 3]."""
        depth = DISTANCE - p[..., 2]
        scale = self.focal / depth
        x = self.side / 2 + p[..., 0] * scale
        y = self.side / 2 - (p[..., 1] - AIM) * scale
        return torch.stack([x, y, (depth - NEAR) / (FAR - NEAR)], -1)

    def matrices(self) -> Tensor:
        """Head space to homogeneous samples: float32 [B, 3, 4]."""
        f, c = self.focal, self.side / 2
        # x right and y down of the picture, and the depth, from world coordinates.
        lens = torch.tensor([[f, 0, -c, c * DISTANCE], [0, -f, -c, c * DISTANCE + f * AIM],
                             [0, 0, -1, DISTANCE]], device=self.turn.device)  # fmt: skip
        pivot = torch.tensor(PIVOT, device=self.turn.device)
        shift = pivot - self.turn @ pivot
        world = torch.cat([self.turn, shift[..., None]], -1)
        last = torch.tensor([0.0, 0, 0, 1], device=self.turn.device).expand(len(world), 1, 4)
        return lens @ torch.cat([world, last], 1)

    @property
    def eye(self) -> tuple[float, float, float]:
        """The camera's place in the world."""
        return (0.0, AIM, DISTANCE)


def depth_mm(depth: Tensor) -> Tensor:
    """Depth 0..1 in mm from the camera."""
    return NEAR + depth * (FAR - NEAR)


def rotation(yaw: Tensor, pitch: Tensor, roll: Tensor) -> Tensor:
    """World from head [B, 3, 3]: yaw to the right of the picture, pitch up, roll clockwise; deg."""
    a, b, c = (torch.deg2rad(v) for v in (yaw, -pitch, -roll))
    o, i = torch.zeros_like(a), torch.ones_like(a)

    def rows(*entries: Tensor) -> Tensor:
        return torch.stack(entries, -1).view(-1, 3, 3)

    ry = rows(a.cos(), o, a.sin(), o, i, o, -a.sin(), o, a.cos())
    rx = rows(i, o, o, o, b.cos(), -b.sin(), o, b.sin(), b.cos())
    rz = rows(c.cos(), -c.sin(), o, c.sin(), c.cos(), o, o, o, i)
    return ry @ rx @ rz


def camera(t: Mapping[str, Tensor], side: int) -> Camera:
    """The camera of B people with traits t, [B] each."""
    zero = torch.zeros_like(t["yaw"])
    return Camera(
        rotation(t["yaw"], t["pitch"], t["roll"]), rotation(0.35 * t["yaw"], zero, zero), side
    )
