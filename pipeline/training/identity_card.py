"""Write the model card of the identity network from the figures in `identity.json`."""

from collections.abc import Mapping
from typing import Any

from pipeline.training.intervals import span
from pipeline.training.verification import OLDER, TURNED, YOUNGER

HEAD = """\
# Model card: the network that tells invented people apart

Compares two pictures of people that `builtin:heads` drew, and says how alike the people are: the
cosine of two vectors of 128 numbers, -1 to 1, by a small residual network at 128 px. It is there
for one thing: to say whether a picture that was edited (`populace vary`) still shows the person
that it began with. Written by `populace train identity` from `identity.json`. Brackets hold 95 %
bootstrap intervals over people. Licence: Apache-2.0.
"""

LIMITS = """\
## Limits

- It compares people **who do not exist**, and nobody else. It has never seen a photograph; on one
  its vectors mean nothing. It must not be used to recognise or to search for anybody.
- What makes a person here is what our renderer keeps of them: bones, features, skin, tone, texture
  of the hair, brows, eyes. Two people whom we draw alike are alike to it, whatever a viewer says.
- A far other skin tone is another person to it, another presentation mostly is not.
- Over many years it loses people: a skull grows, hair greys, skin weathers. A picture that is not
  confirmed may still be right; look at it.
- Tone, presentation, hair and scene say more to it than bones: another haircut is often not
  confirmed, and people put into the very same picture pass more often than the limit promises for
  pairs of natural pictures.
- Changes of kinds that our renderer does not make were never seen.
- The groups differ, see the table: one limit serves all, so that of some more pairs are missed and
  of others more strangers pass.
"""

PAIRS = {
    "same": "pictures of one person, confirmed",
    "same_age": "of them, up to two years apart",
    "aged": f"of them, {YOUNGER} years apart and more",
    "far_aged": f"of them, {OLDER} years apart and more",
    "turned": f"of them, the head turned by {TURNED} degrees and more",
    "apart": "pictures of different people, told apart",
    "similar": "of them, of one presentation, up to one Monk tone and five years apart",
}

CHANGES = {
    "age by 10": "age, by ten years",
    "age by 30": "age, by thirty years",
    "expression": "expression",
    "yaw": "turn of the head, up to 35 degrees to either side",
    "light_azimuth": "direction of the light, up to 70 degrees to either side",
    "glasses": "glasses put on or off",
    "hair_length": "length of the hair",
    "somebody else": "the person",
    "somebody alike": "the person, for one of the same tone, presentation and texture of hair",
}


def identity_card(card: Mapping[str, Any]) -> str:
    """The model card as Markdown.

    Args:
        card: what `train_identity` writes to identity.json.
    """
    parts = [HEAD, _in_use(card), _held_out(card), _groups(card["held_out"]), _recipe(card), LIMITS]
    return "\n".join(parts)


def _in_use(card: Mapping[str, Any]) -> str:
    use = card["in_use"]
    rows = [f"| {CHANGES[kind]} | {_told(share)} | |" for kind, share in use["confirmed"].items()]
    rows += [f"| {CHANGES[kind]} | | {_told(share)} |" for kind, share in use["told_apart"].items()]
    return (
        f"## As it is used\n\nOn {use['people']:,} natural people it did not learn from: a picture "
        "against the same one with one thing changed,\nor with another person put into it, as old "
        "and with the same pose, light, expression, hair and clothes.\nConfirmed is what reaches "
        f"the limit, **{card['limit']:.3f}**, as one in a thousand pairs of different people\n"
        "(below) does.\n\n"
        "| changed | confirmed | told apart |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n\n"
        "The last line says how far to trust a confirmation: where it is low, a confirmed picture "
        "shows somebody of\nthe same look, and not surely of the same bones.\n"
    )


def _held_out(card: Mapping[str, Any]) -> str:
    held = card["held_out"]
    rows = [f"| {title} | {_told(held[name])} |" for name, title in PAIRS.items()]
    rows.append(f"| equal error rate | {held['equal_error']:.2%} |")
    return (
        f"## Everything changed\n\nOn {card['recipe']['held_out']:,} such people, "
        f"{card['recipe']['views']} pictures each of other pose, light, expression, clothes and "
        "backdrop,\nand in part of other age, hair and glasses: harder than what it is for.\n\n"
        "| pairs | share |\n| --- | --- |\n" + "\n".join(rows) + "\n"
    )


def _groups(held: Mapping[str, Any]) -> str:
    rows = [
        f"| {row['attribute']} {row['group']} | {row['people']:,} | {_told(row['same'])} | "
        f"{_told(row['apart'])} |"
        for row in held["groups"]
    ]
    return (
        "By the group of each person's first picture; strangers within the group:\n\n"
        "| group | people | one person, confirmed | strangers, told apart |\n"
        "| --- | --- | --- | --- |\n" + "\n".join(rows) + "\n"
    )


def _recipe(card: Mapping[str, Any]) -> str:
    recipe = card["recipe"]
    sizes = ", ".join(f"{size} px ({share:.0%})" for size, share in recipe["sizes"].items())
    lines = [
        f"{card['parameters']:,} parameters, {card['weights_bytes']:,} bytes of weights.",
        f"{recipe['people']:,} people to learn from, {recipe['views']} pictures each, rendered at "
        f"{sizes} and brought to 128 px; age and tone of every second one are drawn wider than "
        "natural.",
        "In training pictures are moved, mirrored, halved, compressed, relit and made noisy by "
        "chance.",
        f"{recipe['epochs']} passes in batches of {recipe['batch']} people, two pictures each; "
        "normalised-temperature cross-entropy (Chen et al., 2020) on true pairs, AdamW, cosine, "
        f"seed {recipe['seed']}.",
        f"Generator `{card['generator_digest'][:16]}…`.",
        f"Network `{card['digest'][:16]}…`.",
    ]
    return "## Recipe\n\n" + "\n".join(f"- {line}" for line in lines) + "\n"


def _told(figure: list[float]) -> str:
    return span(figure, ".2%")
