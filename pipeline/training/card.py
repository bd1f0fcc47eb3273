"""Write a scorer's model card in words and tables from the figures in `card.json`."""

from collections.abc import Mapping, Sequence
from typing import Any

HEAD = """\
# Model card: `builtin:heads` scorer

Reads perceived age, gender presentation, skin tone, hair, glasses, expression, pose and light from
pixels of stylised synthetic heads: a small residual network at 64 px, and colorimetry on the skin
it finds. Written by `populace train scorer` from `card.json`. Brackets hold 95 % bootstrap
intervals. Licence: Apache-2.0.
"""

LIMITS = """\
## Limits

- Everything is *perceived* in a picture. Nothing here says what a person is, feels or calls
  themselves, and no score may be used to decide about anybody.
- The scorer was trained on, and only on, renders of our own procedural generator. Its cues of age
  and gender presentation are **stereotyped geometry** that we drew: jaws, brows, lips, wrinkles,
  hair. It learned our stereotypes, not people. On photographs its scores mean nothing.
- It answers with confidence on pictures that hold no face at all. A small `skin_share` is the only
  warning; gate foreign pictures before scoring them.
- Presentation has two classes; its probabilities are the continuum between them.
- Skin tone is measured on skin pixels and corrected for light by an affine fit. Neighbours among
  the lightest and the darkest Monk tones differ by a few dE, less than a change of light makes:
  they are told apart worst. `ita` is measured without any correction, as pictured.
- Scored ages are means, pulled towards the middle of the range: the very young and very old score
  nearer to it than they are, and where the generator draws few cues of age, as between 18 and 40,
  they say little. Read the confusion of the usual bins before balancing over ages.
"""


def model_card(card: Mapping[str, Any]) -> str:
    """The model card as Markdown.

    Args:
        card: what `train_scorer` writes to card.json.
    """
    parts = [HEAD, _recipe(card)]
    titles = {"natural": "the natural distribution", "flattened": "the flattened distribution"}
    for name, title in titles.items():
        held = card["held_out"][name]
        parts += [f"## Held out, {title} ({held['count']:,} renders)\n", _numbers(held)]
        parts += [_classes(held["classes"]), _groups(held["groups"])]
    parts += ["## Confusion, flattened distribution\n", "Rows are true, columns scored.\n"]
    flattened = card["held_out"]["flattened"]
    parts.append(_confusion("age, usual bins", flattened["bins"]["age"], "bins"))
    for name, figures in flattened["classes"].items():
        parts.append(_confusion(name, figures, "classes"))
    parts += [_previews(card["previews"]), LIMITS]
    return "\n".join(parts)


def _recipe(card: Mapping[str, Any]) -> str:
    recipe = card["recipe"]
    sizes = ", ".join(f"{size} px ({share:.0%})" for size, share in recipe["sizes"].items())
    lines = [
        f"{card['parameters']:,} parameters, {card['weights_bytes']:,} bytes of weights.",
        f"{recipe['images']:,} renders to learn from, {recipe['flattened']:.0%} of them flattened "
        "over age, skin tone and presentation.",
        f"{recipe['calibration']:,} more to calibrate on; {recipe['held_out']:,} natural and as "
        "many flattened ones held out.",
        f"Rendered at {sizes}, averaged down to 64 px.",
        f"{recipe['epochs']} epochs of batches of {recipe['batch']}, AdamW, peak rate "
        f"{recipe['rate']}, cosine, seed {recipe['seed']}.",
        f"Generator `{card['generator_digest'][:16]}…`.",
        f"Scorer `{card['scorer_digest'][:16]}…`.",
    ]
    return "## Recipe\n\n" + "\n".join(f"- {line}" for line in lines) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def _span(figure: Sequence[float], form: str) -> str:
    value, low, high = (format(number, form) for number in figure)
    return f"{value} [{low}, {high}]"


def _numbers(held: Mapping[str, Any]) -> str:
    rows = [
        [
            f"`{name}`",
            _span(f["mae"], ".3g"),
            _span(f["r2"], ".3f"),
            format(f["bias"], "+.3g"),
            _span(held["bins"][name]["accuracy"], ".1%"),
        ]
        for name, f in held["numbers"].items()
    ]
    return _table(["number", "mean absolute error", "R²", "bias", "in its usual bin"], rows)


def _classes(classes: Mapping[str, Any]) -> str:
    rows = []
    for name, f in classes.items():
        near = f"; within one {_span(f['within_one'], '.1%')}" if "within_one" in f else ""
        title = "`age` by decades" if name == "age" else f"`{name}`"
        rows.append([title, _span(f["accuracy"], ".1%") + near, format(f["ece"], ".3f")])
    return _table(["classes", "accuracy", "calibration error"], rows)


def _groups(groups: Sequence[Mapping[str, Any]]) -> str:
    figures = [key for key in groups[0] if key not in ("attribute", "group", "count")]
    rows = [
        [f"{g['attribute']} {g['group']}", g["count"], *(format(g[key], ".3g") for key in figures)]
        for g in groups
    ]
    return _table(["true group", "renders", *figures], rows)


def _confusion(title: str, figures: Mapping[str, Any], labels: str) -> str:
    rows = [
        [f"**{label}**", *row]
        for label, row in zip(figures[labels], figures["confusion"], strict=True)
    ]
    return f"### {title}\n\n" + _table(["", *figures[labels]], rows)


def _previews(previews: Mapping[str, Any]) -> str:
    rows = [
        [f"`{name}`", format(value, ".3g")] for name, value in previews.items() if name != "count"
    ]
    return (
        f"## The same {previews['count']} people at 64 px and at 256 px\n\n"
        "Mean absolute difference of numbers, share of equal classes.\n\n"
        + _table(["attribute", "agreement"], rows)
    )
