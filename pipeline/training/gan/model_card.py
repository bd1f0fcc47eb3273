"""Write a trained network's model card from the figures in its `card.json`."""

from collections.abc import Mapping
from typing import Any

from pipeline.training.gan.people import PROPER
from pipeline.training.gan.spec import HEADS
from pipeline.training.intervals import span

LIMITS = """\
## Limits

- It draws what its pictures showed it, and their stereotypes. Measure a job's balance (`populace
  audit`); nothing here makes it balanced.
- Distances are taken between features of our own scorer, not of Inception: they compare networks
  judged by `populace train gan`, and no others.
"""

TAUGHT = """\
- It learned from, and only from, renders of our own procedural generator: no photograph, no person.
  What it draws is as stylised, and softer: small things, such as glasses, earrings and strands of
  hair, are lost or smeared first.
"""

READ = """\
- The scorer learned from renders, not from this network's pictures. What it reads of them against
  what their latents say, above, is the error of both together.
"""

JUDGED = """\
- The scorer that judges was also the teacher: its features were in the loss. Its figures flatter
  this network beside one that learned from pixels alone.
"""


def model_card(card: Mapping[str, Any], name: str) -> str:
    """The model card as Markdown.

    Args:
        card: what `train_gan` writes to card.json.
        name: of the network.
    """
    taught = _taught(card)
    parts = [_head(card, name, taught), _recipe(card), _distances(card["metrics"])]
    people = _people(card["metrics"])
    limits = LIMITS + (TAUGHT if taught else "") + (READ if people else "")
    if people and card["spec"]["regress"]["features"]:
        limits += JUDGED
    parts += [people, limits]
    return "\n".join(part for part in parts if part)


def _taught(card: Mapping[str, Any] | None) -> bool:
    """Whether a network, and what it began with, saw nothing but renders of ours, as cards say."""
    if card is None or card["spec"]["data"]["source"] != HEADS:
        return False
    return not card["spec"]["from"] or _taught(card["began"] and card["began"]["card"])


def _head(card: Mapping[str, Any], name: str, taught: bool) -> str:
    source = (
        "Everything that it knows was rendered by `builtin:heads`. Licence: Apache-2.0."
        if taught
        else "Its licence is that of all that it learned from, the pictures and the checkpoint it "
        "began with."
    )
    return (
        f"# Model card: {name}\n\n"
        f"A StyleGAN2 (Karras et al., 2020) of {card['resolution']} px with "
        f"{card['parameters']:,} parameters that draws faces of people who do not\nexist. Written "
        f"by `populace train gan` from `card.json`. {source}\n\n"
        f"Weights `{card['digest'][:16]}…`. " + " ".join(card["notes"]) + "\n"
    )


def _recipe(card: Mapping[str, Any]) -> str:
    spec = card["spec"]
    data, regress, adversarial = spec["data"], spec["regress"], spec["adversarial"]
    lines = [f"{card['pictures'][1]:,} pictures (`{card['pictures'][0]}`) of `{data['source']}`."]
    if card["began"]:
        lines.insert(0, f"Began with `{spec['from']}`, {_began(card['began'])}.")
    if regress["kimg"]:
        lines.append(
            f"{regress['kimg']:g} thousand pictures of regression in batches of "
            f"{regress['batch']}: each drawn as its latent was rendered, by mean distance over a "
            f"pyramid of sizes; eyes, mouth and glasses count {regress['focus']:g} times"
            f"{_further(regress)}."
        )
    if adversarial["kimg"]:
        held = f", held to those people with weight {adversarial['anchor']:g}"
        lines.append(
            f"{adversarial['kimg']:g} thousand pictures against a discriminator in batches of "
            f"{adversarial['batch']}: non-saturating loss, R1 of weight "
            f"{adversarial['r1_gamma']:g}, adaptive augmentation"
            f"{held if data['source'] == HEADS and adversarial['anchor'] else ''}."
        )
    lines += [
        f"Weights averaged with a half-life of {spec['ema_half_life']:g} thousand pictures; "
        f"features in {spec['precision']}; seed {spec['seed']}.",
        f"{card['seen']:,} pictures seen in {card['hours']:g} hours.",
    ]
    return "## Recipe\n\n" + "\n".join(f"- {line}" for line in lines) + "\n"


def _began(began: Mapping[str, Any]) -> str:
    """What a network began with, in words, back to the first that is known."""
    words = f"weights `{began['digest'][:16]}…`"
    if (card := began["card"]) is None:
        return f"{words}, of which no card tells"
    words += f", which had seen {card['seen']:,} pictures of `{card['spec']['data']['source']}`"
    words += f" in {card['hours']:g} hours"
    return f"{words} and began with {_began(card['began'])}" if card["began"] else words


def _distances(metrics: Mapping[str, Any] | None) -> str:
    if metrics is None or "frechet" not in metrics:
        return ""
    rows = [
        f"| {row['group']} | {row['real']:,} | {row['drawn']:,} | {_distance(row)} |"
        for row in [{"group": "everybody", **metrics}, *metrics["groups"]]
    ]
    return (
        "## Distances\n\nBetween pictures that it learned from and its own; groups by what the "
        "scorer reads.\n\n"
        "| group | real | drawn | Fréchet | KID |\n| --- | --- | --- | --- | --- |\n"
        + "\n".join(rows)
        + "\n"
    )


def _distance(row: Mapping[str, Any]) -> str:
    if "frechet" not in row:
        return "too few | "
    return f"{row['frechet']:.3g} | {row['kid']:.4f} ± {row['kid_deviation']:.4f}"


def _further(regress: Mapping[str, Any]) -> str:
    """What else the loss of the first stage has, where it was known when the card was made."""
    found = ""
    if regress.get("setting", 1) != 1:
        found += f", backdrop and clothes {regress['setting']:g}"
    if regress["features"]:
        found += f"; and by the frozen scorer's features, with weight {regress['features']:g}"
    return found


def _people(metrics: Mapping[str, Any] | None) -> str:
    if metrics is None or "people" not in metrics:
        return ""
    drawn, real = (metrics["people"][side] for side in ("drawn", "real"))
    rows = [f"| age, mean absolute error | {_years(real)} | {_years(drawn)} |"]
    rows += [
        f"| {name} | {_share(real['shares'][name])} | {_share(share)} |"
        for name, share in drawn["shares"].items()
    ]
    proper = f"{_share(real['realism'])} | {_share(drawn['realism'])}"
    rows.append(f"| realism of {PROPER:g} or more | {proper} |")
    return (
        "## Are they the people that their latents say?\n\nShares that the scorer of "
        "`builtin:heads` reads as the latent says, of the renderer's pictures and of\nthe "
        "network's, both at the network's size. Brackets hold 95 % bootstrap intervals.\n\n"
        "| | renderer | network |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"
    )


def _share(figure: list[float]) -> str:
    return span(figure, ".1%")


def _years(figures: Mapping[str, Any]) -> str:
    return span(figures["age_mae"], ".3g")
