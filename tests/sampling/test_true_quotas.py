"""Quotas aimed at true shares come as near to the target as any can."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from pipeline.attributes.bins import bin_index, parse_bins
from pipeline.attributes.held_out import HeldOut
from pipeline.errors import SpecError
from pipeline.sampling.quotas import quotas
from pipeline.sampling.targets import parse_balance
from pipeline.sampling.true_balance import true_balance
from pipeline.sampling.true_quotas import LEAST, aimed, aimed_margin, cell_mixtures, nearer, raked
from tests.sampling.test_true_balance import held_out, world

BALANCE = {"age": ["20-39", "40-59"], "glasses": {"none": 50, "glasses": 50}}
TARGET = parse_balance({**BALANCE, "correct": True})


def test_a_scorer_that_never_errs_is_asked_for_the_target() -> None:
    read, _ = world(1, 3000)
    order = aimed(TARGET, {}, HeldOut(read, read, "g", "s"))
    assert order.shares == pytest.approx(TARGET.shares, abs=2e-3)


def test_faces_ordered_so_are_truly_nearer_to_the_target() -> None:
    order = aimed(TARGET, {}, held_out())
    apart = {}
    for name, one in (("plain", TARGET), ("aimed", order)):
        counts = quotas(one, 1000)
        assert counts.sum() == 1000
        read, truth = world(3, 100_000)
        age = bin_index(TARGET.axes[0].bins, read["age"])
        cell = 2 * age + read["glasses"]
        rows = np.concatenate(
            [np.flatnonzero((age >= 0) & (cell == c))[:n] for c, n in enumerate(counts.ravel())]
        )
        assert len(rows) == 1000
        true_age = bin_index(TARGET.axes[0].bins, truth["age"][rows])
        apart[name] = abs(truth["glasses"][rows].mean() - 0.5) + abs(
            (true_age == 0).mean() - (true_age == 1).mean()
        )
    assert apart["aimed"] < 0.5 * apart["plain"]


def test_cells_are_corrected_whose_people_are_misread_more_than_others() -> None:
    rng = np.random.default_rng(0)
    target = parse_balance({"age": ["20-39", "40-59"], "glasses": "uniform", "correct": True})
    age, glasses = rng.uniform(20, 60, 40_000), rng.integers(0, 2, 40_000)
    # Glasses are overlooked on older people alone: of 30 %.
    misread = (age >= 40) & (glasses == 1) & (rng.random(40_000) < 0.3)
    truth = {"age": age, "glasses": glasses}
    read = {"age": age, "glasses": np.where(misread, 0, glasses)}
    order = aimed(target, {}, HeldOut(read, truth, "g", "s"))
    old = age >= 40
    truly = np.zeros((2, 2))
    for cell, share in np.ndenumerate(order.shares):
        rows = (old == cell[0]) & (read["glasses"] == cell[1])
        for kind in (0, 1):
            truly[cell[0], kind] += share * (glasses[rows] == kind).mean()
    assert np.abs(truly - 0.25).sum() < 0.02  # 0.13 where they are corrected at every age alike
    assert [sum(axis.shares) for axis in order.axes] == pytest.approx([1, 1])
    assert order.axes[1].shares == pytest.approx(order.shares.sum(0))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 30))
def test_no_cell_keeps_less_than_half_of_what_is_wanted(seed: int, cells: int) -> None:
    rng = np.random.default_rng(seed)
    wanted = rng.dirichlet(np.full(cells, 0.5))
    table = rng.random((cells, cells)) ** 8 + 0.05 * np.eye(cells)
    order = nearer(wanted, wanted, table / table.sum(0))
    assert order.sum() == pytest.approx(1)
    assert (order >= LEAST * wanted - 1e-12).all()


def test_mixtures_of_cells_are_those_of_their_bins_where_nothing_else_is_known() -> None:
    known = held_out()
    nothing = np.zeros(len(known.read["age"]), bool)
    tables = [
        np.array([[0.8, 0.1], [0.1, 0.7], [0.1, 0.2]]),
        np.array([[0.9, 0.2], [0.1, 0.8], [0.0, 0.0]]),
    ]
    found = cell_mixtures(TARGET.axes, tables, known, nothing)
    assert found == pytest.approx(np.kron(tables[0][:2], tables[1][:2]))


def test_what_is_expected_of_the_order_is_told_beside_what_is_wanted() -> None:
    order = aimed(TARGET, {}, held_out())
    found = true_balance(TARGET, quotas(order, 1000), {}, held_out())
    assert found is not None
    glasses = found["axes"]["glasses"]
    assert [row["wanted"] for row in glasses] == [0.5, 0.5]
    assert [row["share"] for row in glasses] == pytest.approx([0.5, 0.5], abs=0.005)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 7))
def test_no_shares_come_nearer_than_the_aimed(seed: int, bins: int) -> None:
    rng = np.random.default_rng(seed)
    wanted = rng.dirichlet(np.full(bins, 2.0))
    table = 5 * np.eye(bins + 1, bins) + rng.random((bins + 1, bins))
    mixtures = table / table.sum(0)
    order = aimed_margin(wanted, mixtures)
    assert order.sum() == pytest.approx(1)
    assert (order >= LEAST * wanted - 1e-6).all()
    goal = np.append(wanted, 0)

    def apart(shares: np.ndarray) -> float:
        return float(((mixtures @ shares - goal) ** 2).sum())

    best = minimize(
        apart,
        wanted,
        bounds=[(LEAST * share, 1) for share in wanted],
        constraints={"type": "eq", "fun": lambda shares: shares.sum() - 1},
        method="SLSQP",
    )
    assert apart(order) <= apart(best.x) + 1e-6


def test_a_bin_without_a_share_is_not_ordered() -> None:
    mixtures = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
    order = aimed_margin(np.array([0.5, 0.0, 0.5]), mixtures)
    assert order[1] == 0
    assert order[[0, 2]] == pytest.approx([0.5, 0.5])


def test_raking_keeps_empty_cells_empty_and_meets_the_margins() -> None:
    table = np.array([[0.2, 0.3, 0.0], [0.1, 0.2, 0.2]])
    margins = [np.array([0.4, 0.6]), np.array([0.25, 0.45, 0.3])]
    found = raked(table, margins)
    assert found[0, 2] == 0
    assert found.sum(1) == pytest.approx(margins[0], abs=1e-6)
    assert found.sum(0) == pytest.approx(margins[1], abs=1e-6)


@pytest.mark.parametrize(
    ("balance", "where", "says"),
    [
        ({"hair_length": "uniform"}, {}, "nothing is known of how hair_length is misread"),
        ({"age": ["20-39", "95+"]}, {"age": ["20-40"]}, "[0-9] are read as age 95"),
    ],
)
def test_what_nothing_is_known_of_is_named(
    balance: dict[str, object], where: dict[str, list[str]], says: str
) -> None:
    limits = {name: parse_bins(name, bins) for name, bins in where.items()}
    with pytest.raises(SpecError, match=says):
        aimed(parse_balance({**balance, "correct": True}), limits, held_out())


@pytest.mark.parametrize(
    ("balance", "says"),
    [
        ({**BALANCE, "correct": "yes"}, "neither true nor false"),
        ({"correct": True}, "nothing is balanced"),
    ],
)
def test_bad_wishes_are_refused(balance: dict[str, object], says: str) -> None:
    with pytest.raises(SpecError, match=f"^balance.correct: .*{says}"):
        parse_balance(balance)
