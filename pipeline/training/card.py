"""Write a scorer's model card in words and tables from the figures in `card.json`."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.training.bars import bars
from pipeline.training.intervals import span
from pipeline.training.presentation import AMBIGUOUS

HEAD = """\
# Model card: `builtin:heads` scorer

Reads perceived age, gender presentation, skin tone, expression, hair, glasses, pose, light and 68
landmarks from pixels of stylised synthetic heads, and says whether a picture holds a proper face at
all: a small residual network at 128 px, and colorimetry on the skin it finds. Written by `populace
train scorer` from `card.json`. Brackets hold 95 % bootstrap intervals. Licence: Apache-2.0.
"""

TITLES = {
    "natural": "the natural distribution",
    "flattened": "the flattened distribution",
    "hard": "hard conditions",
}

PRESENTATION = f"""\
Presentation is drawn as a continuum, `masculinity` 0..1. Its probability is trained to follow the
share of viewers that we let call a face masculine: 1/2 at 0.5, 95 % at {AMBIGUOUS[1]}, where the
ambiguous middle ({AMBIGUOUS[0]} to {AMBIGUOUS[1]}) ends. That curve is ours, not measured on
people. Accuracy counts faces outside the middle; inside it the probability is held to the curve.
"""

REALISM = """\
`realism` is 1 for a proper face and 0 for anything else; `quality.min_realism` refuses what lies
under it. Each kind of bad picture is made from held-out renders, half of them in hard conditions,
and set against proper faces in both. Area under the ROC curve, and the share refused at the limit
that all but 1 % of the proper faces reach.
"""

LIMITS = """\
## Limits

- Everything is *perceived* in a picture. Nothing here says what a person is, feels or calls
  themselves, and no score may be used to decide about anybody.
- The scorer was trained on, and only on, renders of our own procedural generator. Its cues of age,
  gender presentation and expression are **stereotyped geometry** that we drew: jaws, brows, lips,
  wrinkles, hair. It learned our stereotypes, not people. On photographs its scores mean nothing.
- `realism` has learned the kinds of damage named here. It is no detector of generated pictures, and
  subtle faults, such as an ear too many or teeth that do not meet, pass it.
- Presentation has two classes; its probabilities are the continuum between them.
- Skin tone is what the network says and what the colour of the skin, corrected for light by an
  affine fit, says. Neighbours among the lightest and the darkest Monk tones differ by a few dE,
  less than a change of light makes: they are told apart worst. `ita` is measured without any
  correction, as pictured.
- Scored ages are means, pulled towards the middle of the range: the very young and very old score
  nearer to it than they are. Read the confusion of the usual bins before balancing over ages.
- Probabilities are calibrated on a mixture of clean and hard pictures, not for every group of
  people alone: some are read too surely, others too modestly.
- Whether hair counts as grey is decided at half of the hairs: around 50 years many are close to it.
- Landmarks of points hidden from view are guesses.
"""


_GUESSED = ("agreement", "error", "spread")


def model_card(card: Mapping[str, Any]) -> str:
    """The model card as Markdown.

    Args:
        card: what `train_scorer` writes to card.json.
    """
    parts = [HEAD, _bars(card), _recipe(card)]
    for name, title in TITLES.items():
        held = card["held_out"][name]
        parts += [f"## Held out, {title} ({held['count']:,} renders)\n", _numbers(held)]
        parts += [_classes(held["classes"]), _presentation(held), _landmarks(held)]
        parts.append(_groups(held["groups"]))
    parts += ["## Proper faces against bad pictures\n", REALISM, _realism(card["realism"])]
    for name in ("flattened", "hard"):
        held = card["held_out"][name]
        parts += [f"## Confusion, {TITLES[name]}\n", "Rows are true, columns scored.\n"]
        parts.append(_confusion("age, usual bins", held["bins"]["age"], "bins"))
        parts += [_confusion(n, figures, "classes") for n, figures in held["classes"].items()]
    parts += [_previews(card["previews"]), _surrogate(card["surrogate"]), LIMITS]
    return "\n".join(parts)


def _bars(card: Mapping[str, Any]) -> str:
    rows = []
    for one in bars(card):
        form = ".1%" if one.share else ".3g"
        limit = format(one.bar, ".4g") if not one.share else format(one.bar, ".0%")
        sign = "≥" if one.least else "≤"
        rows.append(
            [one.title, f"{sign} {limit}", span(one.figure, form), "yes" if one.reached else "no"]
        )
    table = _table(["figure", "bar", "measured", "reached"], rows)
    return f"## What it should reach, in hard conditions\n\n{table}\n{_behind(card)}"


def _behind(card: Mapping[str, Any]) -> str:
    """Every group that falls behind, by held-out set."""
    found = [
        f"{name} of {group['attribute']} {group['group']} ({title})"
        for title, held in card["held_out"].items()
        for group in held["groups"]
        for name in group["behind"]
    ]
    listed = "; ".join(found) or "none"
    return f"Groups more than 5 points under everybody's share scored right: {listed}.\n"


def _recipe(card: Mapping[str, Any]) -> str:
    recipe = card["recipe"]
    sizes = ", ".join(f"{size} px ({share:.0%})" for size, share in recipe["sizes"].items())
    shares = ", ".join(f"{share:.0%} {kind}" for kind, share in recipe["shares"].items())
    shares = shares.replace("_", " ")
    held = ", ".join(f"{found['count']:,} {name}" for name, found in card["held_out"].items())
    lines = [
        f"{card['parameters']:,} parameters, {card['weights_bytes']:,} bytes of weights.",
        f"{recipe['images']:,} renders to learn from: {shares}. Flattened draws hold ages, skin "
        "tones and presentations about equally often; hard ones turn the head to "
        "every side and light it from everywhere.",
        *_demanding(recipe),
        *_emphasis(recipe),
        f"{recipe['calibration']:,} more to calibrate on; held out: {held}.",
        f"Rendered at {sizes} and brought to 128 px; held-out sets at {recipe['judged_size']} px.",
        "Hard conditions: hard draws, halved, then JPEG of quality "
        f"{recipe['hard_quality']}. In training pictures are moved, mirrored, halved, compressed, "
        "relit and made noisy by chance.",
        f"One bad picture to four proper ones: {', '.join(recipe['broken']['trained'])}.",
        f"{recipe['epochs']} epochs of batches of {recipe['batch']}, AdamW, peak rate "
        f"{recipe['rate']}, cosine, seed {recipe['seed']}.",
        *_lineage(card),
        f"Generator `{card['generator_digest'][:16]}…`.",
        f"Scorer `{card['scorer_digest'][:16]}…`.",
    ]
    return "## Recipe\n\n" + "\n".join(f"- {line}" for line in lines) + f"\n\n{PRESENTATION}"


def _demanding(recipe: Mapping[str, Any]) -> list[str]:
    if "demanding" not in recipe["shares"]:
        return []
    return [
        "Demanding draws are flattened hard ones of people who are two of these: 45 or older, of "
        "Monk tones 7-10, with facial hair; of them is read worst."
    ]


def _emphasis(recipe: Mapping[str, Any]) -> list[str]:
    """Whose errors weigh more, for those that were trained so."""
    told = [
        f"{name} of {truth} {low:g} to {high:g} ({more:g})"
        for name, groups in recipe.get("emphasis", {}).items()
        for truth, low, high, more in groups
    ]
    return [f"Errors that weigh more, and how much: {', '.join(told)}."] if told else []


def _lineage(card: Mapping[str, Any]) -> list[str]:
    """What the fit began from, the first training first; nothing of one that began from nothing."""
    lineage = card.get("lineage", [])
    lines = [_taught(entry) for entry in lineage]
    if lineage and all("epochs" in entry and "images" in entry for entry in lineage):
        seen = sum(entry["images"] * entry["epochs"] for entry in lineage)
        lines.append(f"Before this training {seen:,} pictures had been seen, repeats included.")
    return lines


def _taught(entry: Mapping[str, Any]) -> str:
    if "epochs" not in entry or "images" not in entry:
        return f"Began from weights `{entry['weights'][:16]}…`; no card tells what taught them."
    by = f" of generator `{entry['generator'][:16]}…`" if "generator" in entry else ""
    return (
        f"Began from weights `{entry['weights'][:16]}…`, taught by {entry['images']:,} renders{by} "
        f"in {entry['epochs']} epochs."
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def _numbers(held: Mapping[str, Any]) -> str:
    rows = [
        [
            f"`{name}`",
            span(f["mae"], ".3g"),
            span(f["r2"], ".3f"),
            format(f["bias"], "+.3g"),
            span(held["bins"][name]["accuracy"], ".1%"),
        ]
        for name, f in held["numbers"].items()
    ]
    return _table(["number", "mean absolute error", "R²", "bias", "in its usual bin"], rows)


def _classes(classes: Mapping[str, Any]) -> str:
    rows = []
    for name, f in classes.items():
        near = f"; within one {span(f['within_one'], '.1%')}" if "within_one" in f else ""
        title = "`age` by decades" if name == "age" else f"`{name}`"
        rows.append([title, span(f["accuracy"], ".1%") + near, span(f["ece"], ".3f")])
    return _table(["classes", "accuracy", "calibration error"], rows)


def _presentation(held: Mapping[str, Any]) -> str:
    f = held["presentation"]
    inside = (
        f"inside it ({f['inside_count']} renders) the probability lies "
        f"{span(f['inside_gap'], '.3f')} from the curve, bias {span(f['inside_bias'], '+.3f')}"
        if f["inside_count"]
        else "nobody lies inside it"
    )
    return (
        f"Presentation outside the ambiguous middle: {span(f['outside'], '.1%')} right; {inside}.\n"
    )


def _landmarks(held: Mapping[str, Any]) -> str:
    f = held["landmarks"]
    return (
        "Landmarks, mean error over the distance of the outer eye corners: "
        f"{span(f['frontal'], '.2%')} on {f['frontal_count']:,} frontal faces (turned by 15° or "
        f"less), {span(f['all'], '.2%')} on all.\n"
    )


def _groups(groups: Sequence[Mapping[str, Any]]) -> str:
    """One row a figure, one column a group: there are more figures than groups."""
    heads = [f"{g['attribute']} {g['group']}".strip() for g in groups]
    rows: list[list[object]] = [["renders", *(g["count"] for g in groups)]]
    rows.append(["age, mean absolute error", *(span(g["age_mae"], ".3g") for g in groups)])
    for name in groups[0]["shares"]:
        cells = [
            span(g["shares"][name], ".1%") + (" ⚑" if name in g["behind"] else "") for g in groups
        ]
        rows.append([name, *cells])
    note = "Shares scored right. ⚑: more than 5 points under everybody's.\n\n"
    return note + _table(["true group", *heads], rows)


def _realism(figures: Mapping[str, Any]) -> str:
    parts = [
        f"{figures['proper']:,} proper faces; all but 1 % of them reach {figures['limit']:.3g}.\n"
    ]
    for title, kinds in (
        ("kinds trained on", figures["trained"]),
        ("kinds never seen in training", figures["held_out"]),
    ):
        rows = [
            [name.replace("_", " "), span(f["auc"], ".4f"), format(f["refused"], ".1%")]
            for name, f in kinds.items()
        ]
        parts.append(_table([title, "area under the curve", "refused"], rows))
    return "\n".join(parts)


def _confusion(title: str, figures: Mapping[str, Any], labels: str) -> str:
    rows = [
        [f"**{label}**", *row]
        for label, row in zip(figures[labels], figures["confusion"], strict=True)
    ]
    return f"### {title}\n\n" + _table(["", *figures[labels]], rows)


def _surrogate(figures: Mapping[str, Any]) -> str:
    rows = [
        [f"`{name}`", *(format(found[key], ".3g") if key in found else "" for key in _GUESSED)]
        for name, found in figures.items()
    ]
    return (
        "## What a latent tells before anything is rendered\n\n"
        "A small network guesses these readings from w, so that a job looks only at pictures that "
        "may fit. On draws that it did not learn from: how often it guesses the class that is "
        "read; how far it is from the number that is read, and how far it says it is.\n\n"
        + _table(["attribute", "agreement", "mean error", "spread claimed"], rows)
    )


def _previews(previews: Mapping[str, Any]) -> str:
    rows = [
        [f"`{name}`", format(value, ".3g")] for name, value in previews.items() if name != "count"
    ]
    return (
        f"## The same {previews['count']} people at 64 px and at 256 px\n\n"
        "Mean absolute difference of numbers, share of equal classes.\n\n"
        + _table(["attribute", "agreement"], rows)
    )
