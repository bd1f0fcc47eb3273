"""Render contact sheets of `builtin:heads` for art review, one labelled file a theme.

python docs/sheets.py --size 256 --to DIR              # all of them, some minutes
python docs/sheets.py --size 512 --to DIR hair light   # these

Run by hand when the look changes. A sheet varies one thing on a few fixed people before a grey
ground and keeps the rest plain; `natural` shows what the generator draws by itself.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.assets.encode import encode
from pipeline.assets.extras import PALETTE
from pipeline.assets.sheet import contact_grid, contact_sheet
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.generators.generator import Pictures
from pipeline.generators.heads import Heads, truth
from pipeline.generators.heads.hair import cuts, styles
from pipeline.generators.heads.hair.facial import BEARDS
from pipeline.generators.heads.layout import INDEX, LATENT_SIZE, latents, traits
from pipeline.generators.heads.light import SETUPS
from pipeline.generators.heads.worn import backdrop, glasses, outline
from pipeline.provenance.xmp import embed_xmp, synthetic_packet

Picture = NDArray[np.uint8]
"""uint8 [S, S, 3], sRGB."""

Latent = NDArray[np.float32]
"""float32 [1, D] unless said otherwise."""

Faces = dict[tuple[str, ...], Latent]
"""Row and columns of a grid, nested, -> who stands there."""

GREY = np.full(3, 158.0)
"""What the people of the grids stand before."""

SCAN = np.linspace(-4, 4, 1601, dtype=np.float32)

PLAIN = {
    "age": 0.2, "yaw": 0.35, "pitch": 0, "roll": 0, "light_azimuth": 0.7, "light_elevation": 0,
    "light_setup": -1, "light_contrast": 0, "light_warmth": 0, "rim_light": 0, "rim_hue": 2,
    "backdrop": -1, "backdrop_value": 0, "expression": -1, "expression_strength": 0.5,
    "smile": 0, "mouth_open": -1, "brow_raise": 0, "eye_open": 0, "gaze_x": 0, "gaze_y": 0,
    "cue_bone": 0, "cue_soft": 0, "cue_style": 0, "vitiligo": 0, "scar": 0, "freckles": -0.5,
    "glasses": 2, "facial_hair": -2, "makeup": -0.5,
}  # fmt: skip
"""Where the dimensions of a plain portrait stand; all others are the person's own."""

PEOPLE = (
    # presentation, tone, then a seed for all that is their own
    (-1.0, -0.6, 11), (1.2, 0.1, 5), (-0.8, 1.9, 23), (1.2, 1.5, 8), (-0.6, 0.9, 42),
    (1.1, -0.9, 31),
)  # fmt: skip
"""The fixed cast: light to deep skin, both presentations."""


def person(number: int, **moved: float) -> Latent:
    """One of the cast, plain but for the dimensions named, in standard deviations."""
    presentation, tone, seed = PEOPLE[number]
    w = 0.8 * np.random.default_rng(seed).standard_normal((1, LATENT_SIZE)).astype(np.float32)
    for name, value in {**PLAIN, "presentation": presentation, "tone": tone, **moved}.items():
        w[0, INDEX[name]] = value
    return latents(w)


def cast(count: int) -> list[tuple[str, int]]:
    """The first of the cast, with their labels."""
    return [(f"person {number + 1}", number) for number in range(count)]


def put(w: Latent, dimension: str, trait: str, value: float) -> Latent:
    """w with one dimension set so that a trait, or a truth, comes as near as it can to a value."""
    tries = scan(w, dimension)
    known = {**traits(tries), **truth(tries)}[trait]
    return middle(tries, np.abs(np.asarray(known, np.float64) - value))


def choose(
    w: Latent, dimension: str, index_of: Callable[..., torch.Tensor], index: int
) -> Latent | None:
    """w with one dimension set so that a choice made from the traits is `index`, if it ever is."""
    tries = scan(w, dimension)
    tensors = {name: torch.from_numpy(values).float() for name, values in traits(tries).items()}
    other = (index_of(tensors) != index).numpy().astype(np.float64)
    return None if other.all() else middle(tries, other)


def scan(w: Latent, dimension: str) -> Latent:
    """w with one dimension at each value of SCAN: float32 [len(SCAN), D]."""
    tries = latents(np.repeat(w, len(SCAN), 0))
    tries[:, INDEX[dimension]] = SCAN
    return latents(tries)


def middle(tries: Latent, cost: NDArray[np.float64]) -> Latent:
    """The middle one, by its quantile, of the cheapest of a scan."""
    best = np.nonzero(cost <= cost.min() + 1e-9)[0]
    share = np.exp(-(SCAN[best] ** 2) / 2).cumsum()
    at = int(best[np.searchsorted(share, share[-1] / 2)])
    return tries[at : at + 1]


def at_share(w: Latent, dimension: str, shares: Sequence[float], index: int) -> Latent:
    """w with one dimension in the middle of the index-th of some consecutive shares."""
    before = np.cumsum([0, *shares]) / sum(shares)
    return put(w, dimension, f"{dimension}_p", float(before[index] + before[index + 1]) / 2)


# -- grids: rows, columns and who stands there --------------------------------------------------


def along(
    people: int, dimension: str, trait: str, values: Sequence[float], words: Sequence[str] = ()
) -> Faces:
    """The first of the cast at each value of one trait."""
    return {
        (label, word): put(person(n), dimension, trait, value)
        for label, n in cast(people)
        for value, word in zip(values, words or [f"{v:g}" for v in values], strict=True)
    }


def by_tone() -> Faces:
    return along(2, "tone", "tone", range(1, 11))


def by_presentation() -> Faces:
    return along(4, "presentation", "masculinity", (0, 0.15, 0.3, 0.45, 0.55, 0.7, 0.85, 1))


def by_expression() -> Faces:
    names = BY_NAME["expression"].classes
    return along(5, "expression", "expression", range(len(names)), names)


def by_yaw() -> Faces:
    return along(4, "yaw", "yaw", (-45, -30, -15, 0, 15, 30, 45))


def by_pitch() -> Faces:
    return along(4, "pitch", "pitch", (-20, -10, 0, 10, 20))


def by_age() -> Faces:
    ages = (4, 8, 14, 20, 30, 40, 50, 60, 70, 80)
    faces: Faces = {}
    for label, n in cast(2):
        length = float(traits(person(n))["hair_length"][0])
        for age in ages:
            w = put(person(n), "age", "age", age)
            faces[label, str(age)] = put(w, "hair_length", "hair_length", length)
    return faces


def by_hair() -> Faces:
    textures = {"straight": 0.08, "wavy": 0.38, "curly": 0.65, "coily": 0.95}
    faces: Faces = {}
    for length, label in enumerate(BY_NAME["hair_length"].classes):
        for texture, curl in textures.items():
            for n, style in enumerate((0.1, 0.4, 0.85)):
                w = put(person((1, 0, 2)[n]), "hair_length", "hair_length", length)
                w = put(w, "hair_texture", "curl", curl)
                w = put(w, "hair_style", "hair_style_p", style)
                faces[label, texture, f"style {n + 1}"] = w
    return faces


def by_light() -> Faces:
    shares = [row[1] for row in SETUPS]
    faces: Faces = {}
    for index, (setup, *_) in enumerate(SETUPS):
        for label, n in cast(6)[::3]:
            w = at_share(person(n), "light_setup", shares, index)
            for azimuth in (-70, -35, 0, 35, 70):
                lit = put(w, "light_azimuth", "light_azimuth", azimuth)
                faces[setup, label, f"{azimuth}°"] = lit
    return faces


def by_glasses() -> Faces:
    faces: Faces = {}
    for label, n in cast(6):
        w = put(person(n, frame_color=-1.5 + 0.6 * n), "glasses", "glasses", 1)
        for index, kind in enumerate(outline.KINDS):
            own = choose(w, "frame_shape", lambda t: glasses.style(t).kind, index)
            if own is not None:
                faces[kind, label] = own
    return faces


def by_facial_hair() -> Faces:
    shares = [row[-1] for row in BEARDS]
    faces: Faces = {}
    for label, n in cast(6)[1::2]:
        w = person(n, age=0.8)
        faces[label, "none"] = put(w, "facial_hair", "facial_hair", 0)
        faces[label, "stubble"] = put(w, "facial_hair", "facial_hair", 1)
        w = put(w, "facial_hair", "facial_hair", 2)
        for index in range(len(BEARDS)):
            faces[label, f"beard {index + 1}"] = at_share(w, "beard_style", shares, index)
    return faces


def by_skin() -> Faces:
    looks: dict[str, dict[str, float]] = {
        "plain": {}, "freckles": {"freckles": 2}, "moles": {"moles": 2.4}, "ruddy": {"redness": 2},
        "oily": {"oiliness": 2.3}, "blemished": {"blemishes": 2.2}, "scar": {"scar": 2.3},
        "vitiligo": {"vitiligo": 2.5}, "weathered": {"weathering": 2.3, "age": 1.3},
        "made up": {"makeup": 2},
    }  # fmt: skip
    return {
        (label, look): person(n, **moved) for label, n in cast(5) for look, moved in looks.items()
    }


def by_clothes() -> Faces:
    names = ("crew neck", "V-neck", "shirt", "turtleneck", "hood", "jacket")
    return along(5, "cloth_style", "cloth_style", range(len(names)), names)


def by_backdrop() -> Faces:
    ends = (0, backdrop.PLAIN_BELOW, backdrop.GRADIENT_BELOW, *backdrop.SCENE_EDGES, 1)
    names = ("plain", "gradient", *(f"scene {i}" for i in range(1, len(ends) - 2)))
    shares = np.diff(ends).tolist()
    return {
        (name, label): at_share(person(n, backdrop_value=-1.5 + 0.6 * n), "backdrop", shares, index)
        for index, name in enumerate(names)
        for label, n in cast(6)
    }


GRIDS: dict[str, tuple[tuple[str, ...], Callable[[], Faces]]] = {
    # theme: what the rows are, what the columns are, who stands there
    "age": (("", "years"), by_age),
    "tone": (("", "Monk tone"), by_tone),
    "presentation": (("", "masculinity"), by_presentation),
    "hair": (("length", "texture", ""), by_hair),
    "expression": (("", "expression"), by_expression),
    "light": (("set-up", "", "key light"), by_light),
    "yaw": (("", "degrees"), by_yaw),
    "pitch": (("", "degrees"), by_pitch),
    "glasses": (("", ""), by_glasses),
    "facial_hair": (("", ""), by_facial_hair),
    "skin": (("", ""), by_skin),
    "clothes": (("", ""), by_clothes),
    "backdrop": (("", ""), by_backdrop),
}


def grid(heads: Heads, theme: str, size: int) -> Image.Image:
    """The sheet of a theme of GRIDS."""
    names, faces_of = GRIDS[theme]
    faces = faces_of()
    cells: dict[tuple[str, ...], list[Picture]] = {}
    for place, w in faces.items():
        shot = heads.pictures(w, size)
        cells[place] = [shot.images[0] if theme == "backdrop" else over(shot, 0, GREY)]
    bins = [list(dict.fromkeys(labels)) for labels in zip(*faces, strict=True)]
    axes = list(zip(names, bins, strict=True))
    return contact_grid(cells, axes, across=1, title=theme.replace("_", " "), thumb=size)


# -- sheets of their own kind -------------------------------------------------------------------


def natural(heads: Heads, size: int) -> Image.Image:
    """Thirty-two draws, as they come, with what is true of them."""
    w = heads.latents(np.random.default_rng(2).standard_normal((32, LATENT_SIZE)).astype("f"))
    t = truth(w)
    labels = [
        f"{t['age'][i]:.0f} y, tone {t['skin_tone'][i]:.0f}, "
        f"{BY_NAME['expression'].classes[int(t['expression'][i])]}"
        for i in range(len(w))
    ]
    faces = list(zip(labels, heads.render(w, size), strict=True))
    return contact_sheet(faces, columns=8, title="natural", thumb=size)


def haircuts(heads: Heads, size: int) -> Image.Image:
    """Every cut by name, on people whom it suits."""
    faces = []
    for index, cut in enumerate(cuts.CUTS):
        w = person((0, 4)[index % 2] if cut.feminine >= cut.masculine else (1, 5)[index % 2])
        w = put(w, "tone", "tone", (7 if cut.curl_low > 0.7 else 2) + index % 2)
        w = put(w, "hair_texture", "curl", (cut.curl_low + min(cut.curl_high, 0.95)) / 2)
        w = put(w, "hair_length", "hair_length", cut.length)
        worn = choose(w, "hair_style", styles.choose, index)
        if worn is not None:
            faces.append((cut.name, over(heads.pictures(worn, size), 0, GREY)))
    return contact_sheet(faces, columns=8, title="haircuts", thumb=size)


def cutouts(heads: Heads, size: int) -> Image.Image:
    """Transparent cut-outs over what shows a fringe: a checkerboard, white, black, a colour."""
    people = np.concatenate(
        [put(person(n), "hair_length", "hair_length", 1 + n % 3) for _, n in cast(6)]
    )
    shots = heads.pictures(people, size)
    tiles = (np.indices((size, size)) // max(4, size // 16)).sum(0) % 2
    board = np.where(tiles[..., None] == 1, 205.0, 240.0)
    grounds = {"checkerboard": board, "white": 255 * np.ones(3), "black": np.zeros(3),
               "green": np.array([40, 170, 90])}  # fmt: skip
    cells: dict[tuple[str, ...], list[Picture]] = {
        (name, label): [over(shots, n, ground)]
        for name, ground in grounds.items()
        for label, n in cast(6)
    }
    axes = (("", list(grounds)), ("", [label for label, _ in cast(6)]))
    return contact_grid(cells, axes, across=1, title="transparent cut-outs", thumb=size)


def extras(heads: Heads, size: int) -> Image.Image:
    """Everything that is known of three pictures."""
    people = [person(0), put(person(3), "yaw", "yaw", -30), put(person(1), "yaw", "yaw", 40)]
    people[2] = put(put(people[2], "glasses", "glasses", 1), "expression", "expression", 2)
    shots = heads.pictures(np.concatenate(people), size)
    colors = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in PALETTE], np.uint8)
    faces: list[tuple[str, Picture]] = []
    for n, depth in enumerate(shots.depth):
        far, near = depth[depth > 0].max(), depth[depth > 0].min()
        shade = np.where(depth > 0, 255 - 215 * (depth - near) / (far - near), 0)
        faces += [
            ("image", shots.images[n]),
            ("cut-out over grey", over(shots, n, GREY)),
            ("alpha", gray(shots.alpha[n])),
            ("segmentation", colors[shots.segmentation[n]]),
            (f"depth {near / 1000:.2f}-{far / 1000:.2f} m", gray(shade)),
            ("landmarks", dotted(shots.images[n], shots.landmarks[n], numbers=False)),
        ]
    return contact_sheet(faces, columns=6, title="extras", thumb=size)


def landmarks(heads: Heads, size: int) -> Image.Image:
    """One face with the 68 points and their numbers, twice as large."""
    shots = heads.pictures(put(person(1, yaw=0), "expression", "expression", 2), size)
    points = shots.landmarks[0]
    middle = (points.min(0) + points.max(0)) / 2
    half = float(np.abs(points - middle).max()) * 1.1
    left, top = (float(value) for value in middle - half)
    zoom = 2 * size / (2 * half)
    cropped = Image.fromarray(shots.images[0]).resize(
        (2 * size, 2 * size), box=(left, top, left + 2 * half, top + 2 * half)
    )
    near = (points - np.array([left, top], np.float32)) * np.float32(zoom)
    return Image.fromarray(dotted(np.asarray(cropped), near, numbers=True))


def over(shots: Pictures, n: int, ground: NDArray[np.float64]) -> Picture:
    """A cut-out laid over a ground, 0..255, [3] or [S, S, 3]."""
    share = shots.alpha[n][..., None] / 255
    laid: Picture = np.rint(shots.cutout[n] * share + ground * (1 - share)).astype(np.uint8)
    return laid


def gray(values: NDArray[np.generic]) -> Picture:
    """Values 0..255 [S, S] as a picture."""
    return np.repeat(values[..., None].astype(np.uint8), 3, 2)


def dotted(image: Picture, points: NDArray[np.float32], numbers: bool) -> Picture:
    """A picture, paled, with its landmarks, and their numbers where they have room."""
    sheet = Image.fromarray((image * 0.6 + 90).astype(np.uint8))
    draw, radius = ImageDraw.Draw(sheet), max(1.0, len(image) / 300)
    font = ImageFont.load_default(max(8, len(image) // 60))
    for number, (x, y) in enumerate(points.tolist()):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill="#c8321e")
        if numbers:
            draw.text((x + 2 * radius, y), str(number), fill="#21201d", font=font, anchor="lm")
    return np.asarray(sheet)


OTHERS: dict[str, Callable[[Heads, int], Image.Image]] = {
    "natural": natural,
    "haircuts": haircuts,
    "cutouts": cutouts,
    "extras": extras,
    "landmarks": landmarks,
}


def main(themes: Sequence[str], size: int, to: Path, file: Literal["png", "jpeg"]) -> None:
    """Write the sheets of these themes, or of all."""
    to.mkdir(parents=True, exist_ok=True)
    heads = Heads()
    for theme in themes or [*OTHERS, *GRIDS]:
        sheet = OTHERS[theme](heads, size) if theme in OTHERS else grid(heads, theme, size)
        packet = synthetic_packet(f"sheet {theme}", "Synthetic faces. The people do not exist.")
        path = to / f"{theme}.{'jpg' if file == 'jpeg' else file}"
        path.write_bytes(embed_xmp(encode(np.asarray(sheet), file, 90), packet))
        print(f"{path}: {sheet.width} x {sheet.height} px", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("themes", nargs="*", choices=[*OTHERS, *GRIDS, []], metavar="theme")
    parser.add_argument("--size", type=int, default=256, help="px of a face")
    parser.add_argument("--to", type=Path, required=True, help="folder")
    parser.add_argument("--format", choices=("png", "jpeg"), default="png")
    options = parser.parse_args()
    main(options.themes, options.size, options.to, options.format)
