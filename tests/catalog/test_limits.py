"""Queries end when their time is up, and strangers' conditions hold nothing of unknown cost."""

import math
import threading
from contextvars import copy_context

import duckdb
import pytest

from pipeline.catalog.database import locked_database
from pipeline.catalog.draw import draw
from pipeline.catalog.limits import TimeUp, current_limits, limited
from pipeline.errors import SpecError
from pipeline.sampling.quotas import quotas

FOREVER = "SELECT sum(a.range * b.range) FROM range(100000000) a, range(100000000) b"


def test_a_query_is_interrupted_when_its_time_is_up(tmp_path):
    with pytest.raises(TimeUp, match=r"takes longer than 0\.2 s"), limited(0.2):
        locked_database(tmp_path).execute(FOREVER)


def test_threads_with_the_context_are_bounded_too(tmp_path):
    errors = []

    def work():
        try:
            locked_database(tmp_path).execute(FOREVER)
        except (duckdb.Error, TimeUp) as error:
            errors.append(error)

    with limited(0.5) as limits:
        thread = threading.Thread(target=copy_context().run, args=(work,))
        thread.start()
        thread.join()
        assert limits.expired
    assert len(errors) == 1


def test_queries_and_draws_are_refused_once_the_time_is_up(catalog):
    for ask in (
        lambda: catalog.where("age > 30"),
        lambda: catalog.faces.facets(["age"]),
        lambda: draw(catalog, ["age"], 3),
        lambda: catalog.faces.to_arrow(["age"]),
    ):
        with pytest.raises(TimeUp), limited(0):
            ask()


def test_quotas_are_to_be_found_in_what_is_left_of_the_time(catalog, monkeypatch):
    given = []

    def noted(target, count, until):
        given.append(until)
        return quotas(target, count, until)

    monkeypatch.setattr("pipeline.catalog.choice.quotas", noted)
    with limited(60) as limits:
        draw(catalog, {}, 3).close()
        assert given == [limits.until]
    draw(catalog, {}, 3).close()
    assert given[1:] == [math.inf]


def test_the_time_begins_with_the_first_query(catalog):
    with limited(1e-9) as limits:
        assert not limits.expired
        with pytest.raises(TimeUp):
            catalog.where("age > 30")
        assert limits.expired


def test_without_a_limit_there_is_none(catalog):
    with limited(60):
        assert current_limits() is not None
        assert catalog.where("age > 30").count() > 0
    assert current_limits() is None
    assert catalog.where("len(repeat('a', 3)) = 3").count() == 24


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("len(repeat('a', 3)) = 3", "calls repeat, which is not offered here"),
        ("rnd(age) = 1", "calls rnd, .* did you mean 'round'"),
        ("main.lower(glasses) = 'none'", "calls lower"),
        ("(SELECT sum(range) FROM range(1000000000000)) > 0", "holds a SELECT"),
        ("list_max([x + 1 FOR x IN w]) > 0", "calls list_apply|holds a lambda"),
        ("len(w + w) > 0", r"takes the list w as a whole; look into it, as by w\[1\]"),
        ("len(CASE WHEN age > 1 THEN faces.W END) > 0", "takes the list W as a whole"),
        ("coalesce(w, w) IS NULL", "takes the list w as a whole"),
        ("glasses || glasses = 'x'", r"calls \|\|"),
        ("age > 1 " + "AND age > 1 " * 400, "is 4,808 characters long"),
        ("age >", "cannot be applied"),
        ("1 = 1; SELECT 1", "cannot be applied"),
    ],
)
def test_limited_conditions_are_plain(catalog, where, reason):
    with pytest.raises(SpecError, match=reason) as refusal, limited(60):
        catalog.where(where)
    assert str(refusal.value).startswith("where: ")


def test_limited_conditions_look_into_lists(catalog):
    with limited(60):
        where = "w[1] > -99 AND len(w) = 8 AND list_max(glasses_p) <= 1 AND w IS NOT NULL"
        assert catalog.where(where).count() == 24
