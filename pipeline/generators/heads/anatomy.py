"""Place one person's facial landmarks, from which geometry, relief and paint all measure.

Head space: x to the right of the picture, y up, z to the viewer; eyes on y = 0, adult chin near
y = -1.12, crown near y = 1.1, cheekbones near x = 0.68. One unit is about 10 cm.
"""

from dataclasses import dataclass

from pipeline.generators.heads.layout import Person


@dataclass(frozen=True)
class Anatomy:
    """Positions and sizes in head space."""

    masculinity: float
    child: float
    old: float
    width: float
    eye_x: float
    eye_z: float
    eye_r: float
    eye_w: float
    eye_h_up: float
    eye_h_low: float
    eye_tilt: float
    nose_y: float
    nose_w: float
    nose_z: float
    bridge: float
    mouth_y: float
    mouth_w: float
    mouth_z: float
    upper_lip: float
    lower_lip: float
    gap: float
    corner_lift: float
    chin_y: float
    jaw_w: float
    brow_y: float
    smile: float


def anatomy(person: Person) -> Anatomy:
    """Measure one person."""
    g = person
    m, child, old, smile = g["masculinity"], g["child"], g["old"], g["smile"]
    length = 1 + 0.045 * g["face_length"] + 0.05 * (m - 0.5) - 0.15 * child
    eye_r = 0.185 * (1 + 0.035 * g["eye_size"] - 0.03 * (m - 0.5))
    eye_size = 1 + 0.05 * g["eye_size"] - 0.16 * (m - 0.5) + 0.16 * child - 0.10 * old
    nose_y = -0.44 * (1 + 0.05 * g["nose_length"]) * (0.4 + 0.6 * length) + 0.01 * g["nose_tip"]
    mouth_y = -0.715 * length + 0.02 * smile - 0.015 * old
    lips = 1 + 0.15 * g["lip_fullness"] - 0.5 * (m - 0.5) - 0.38 * old - 0.1 * child
    lips *= 1 - 0.22 * smile
    mouth_w = 0.235 * (1 + 0.05 * g["mouth_width"] + 0.10 * (m - 0.5) - 0.10 * child)
    opening = g["mouth_open"]
    return Anatomy(
        masculinity=m,
        child=child,
        old=old,
        width=1 + 0.03 * g["skull_width"] + 0.02 * (m - 0.5),
        eye_x=0.315 * (1 + 0.025 * g["eye_spacing"]),
        eye_z=0.555 - 0.02 * (m - 0.5),
        eye_r=eye_r,
        eye_w=0.160 * (0.5 + 0.5 * eye_size) * (1 + 0.02 * g["eye_size"]),
        eye_h_up=0.075 * eye_size * (1 + 0.07 * g["lid"]) * (1 - 0.12 * smile - 0.14 * old),
        eye_h_low=0.055 * eye_size * (1 - 0.42 * smile),
        eye_tilt=0.025 + 0.055 * g["eye_tilt"] - 0.05 * old - 0.06 * (m - 0.5),
        nose_y=nose_y,
        nose_w=0.128
        * (1 + 0.10 * g["nose_width"] + 0.18 * (m - 0.5) + 0.06 * old)
        * (1 + 0.12 * smile),
        nose_z=0.965 + 0.02 * g["nose_tip"] + 0.05 * (m - 0.5) - 0.09 * child,
        bridge=0.02 * g["nose_bridge"] + 0.05 * (m - 0.5) - 0.06 * child,
        mouth_y=mouth_y,
        mouth_w=mouth_w * (1 + 0.30 * smile),
        mouth_z=0.80,
        upper_lip=0.066 * lips,
        lower_lip=0.088 * lips,
        gap=0.035 * smile * min(1.0, 6 * opening) + 0.20 * opening,
        corner_lift=0.105 * smile - 0.012 - 0.02 * old,
        chin_y=-1.10 * length - 0.09 * opening * (1 - 0.6 * smile),
        jaw_w=1 + 0.055 * g["jaw_width"] + 0.20 * (m - 0.5) - 0.06 * child,
        brow_y=0.205 + 0.016 * g["brow_raise"] - 0.075 * (m - 0.5) + 0.02 * child,
        smile=smile,
    )
