"""A plan tells people from pictures."""

import io

import numpy as np
from rich.console import Console

from pipeline.engine.plan import Plan
from pipeline.engine.plan_view import plan_view
from tests.engine.sketch import sketched


def planned(**changes: object) -> Plan:
    """A plan of a sketched job, with made-up costs."""
    job = sketched("./out", **changes)
    return Plan(job, np.full(4, 2.0), [], [], [], 512, None, 0, 0, 0.0, 200.0, 60.0, 9e6)


def told(plan: Plan) -> str:
    console = Console(width=80, file=io.StringIO())
    console.print(plan_view(plan))
    return " ".join(console.file.getvalue().split())


def test_people_and_pictures_are_told_where_there_are_several_of_each() -> None:
    text = told(planned())
    assert "sketched: 120 pictures of 20 people to ./out" in text
    assert "6 of each person: age=+0, expression=smile; age=+0, expression=neutral;" in text
    assert "4, 5 to 5 people each" in text
    assert "about 2.0 latents a person" in text
    document = planned().document()
    assert (document["count"], document["pictures"]) == (20, 120)
    assert document["variations"][-1] == "age=+20, expression=surprise"


def test_faces_are_told_where_there_is_one_picture_of_each() -> None:
    text = told(planned(variations={}))
    assert "sketched: 20 faces to ./out" in text
    assert "variations" not in text
    assert "4, 5 to 5 faces each" in text
    assert planned(variations={}).document()["pictures"] == 20
