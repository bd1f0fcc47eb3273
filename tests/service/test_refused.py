"""Refusals at the door are counted, and told in few lines however many there are."""

from pipeline.service.refused import MOST_CLIENTS, SECONDS, Refusals


def entry(client: str = "1.2.3.4", key: str | None = None, status: int = 401) -> dict:
    asked = {"asset": "x" * 5000, "catalog": "demo"}
    return {"key": key, "action": "image", **asked, "status": status, "client": client}


def test_the_first_is_told_at_once_and_the_others_when_their_time_is_over() -> None:
    now = [0.0]
    refusals = Refusals(lambda: now[0])
    first = {"key": None, "action": "image", "status": 401, "client": "1.2.3.4", "count": 1}
    assert refusals.counted(entry()) == [first]
    assert [refusals.counted(entry()) for _ in range(500)] == [[]] * 500
    assert refusals.counted(entry(key="studio")) == [first | {"key": "studio"}]
    now[0] = SECONDS - 1
    assert refusals.counted(entry("9.9.9.9", status=429))[0]["client"] == "9.9.9.9"
    assert refusals.due() == []
    now[0] = SECONDS
    assert refusals.due() == [first | {"count": 500}]
    assert refusals.due() == []
    assert refusals.counted(entry()) == [first]


def test_what_is_left_is_told_at_the_end() -> None:
    refusals = Refusals()
    for _ in range(3):
        refusals.counted(entry())
    assert [line["count"] for line in refusals.rest()] == [2]
    assert refusals.rest() == []


def test_clients_without_number_are_counted_as_one() -> None:
    refusals = Refusals(lambda: 0.0)
    lines = [line for i in range(3 * MOST_CLIENTS) for line in refusals.counted(entry(str(i)))]
    assert len(lines) == MOST_CLIENTS + 1
    assert lines[-1]["client"] == "others"
    assert [(line["client"], line["count"]) for line in refusals.rest()] == [
        ("others", 2 * MOST_CLIENTS - 1)
    ]
