"""The command answers in words that mend: one line and exit code 2 for bad input."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.storage import open_store
from tests.catalog.fake_manifest import fake_catalog
from tests.generators.saved import tiny

SPEC = "name: a\ncount: 4\ngenerator: builtin:null\nscorer: builtin:null\noutput: {output}\n"


def invoke(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.stdout, result.stderr


def test_help_imports_neither_torch_nor_ray_nor_boto3() -> None:
    code = (
        "import sys; from pipeline.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'ray', 'boto3', 'duckdb', 'pyarrow', 'numpy', 'pydantic'}\n"
        "sys.exit(str(sorted(heavy & set(sys.modules)) or 0) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_bad_specs_exit_with_2_and_one_line(tmp_path: Path) -> None:
    job = tmp_path / "job.yaml"
    job.write_text(SPEC.format(output=tmp_path / "out") + "cuont: 3\n")
    code, out, err = invoke("run", str(job))
    assert (code, out) == (2, "")
    assert err == "populace: cuont: is no key of a job spec; did you mean 'count'?\n"


def test_a_scorer_cannot_learn_on_from_what_is_not_there(tmp_path: Path) -> None:
    code, out, err = invoke("train", "scorer", "--to", str(tmp_path / "run"), "--from", "bundled")
    assert (code, out) == (2, "")
    assert err.startswith("populace: train scorer: --from bundled: there is no such file; give ")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        ("image.background=transparent", "set image.format to png or webp."),
        ("extras=[depth]", "set generator to builtin:heads."),
        ("extras=[depth,depth]", "remove one of them."),
        ("balance.age=fairfaces", "write 'uniform' or 'fairface', a list of bins, or bins with"),
    ],
)
def test_cut_outs_and_extras_that_cannot_be_exit_with_2(
    change: str, mend: str, tmp_path: Path
) -> None:
    job = tmp_path / "job.yaml"
    job.write_text(SPEC.format(output=tmp_path / "out"))
    code, out, err = invoke("run", str(job), "--set", change)
    assert (code, out) == (2, "")
    assert err.startswith(f"populace: {change.partition('=')[0]}: ")
    assert mend in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["status", "pull", "draw"])
def test_a_folder_without_a_catalog_exits_with_2(command: str, tmp_path: Path) -> None:
    more = ["--to", str(tmp_path / "to")] if command == "pull" else []
    code, _, err = invoke(command, str(tmp_path), *more)
    assert code == 2
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        ("generator.kind=stylegan3", "generator.kind: net.safetensors is 'stylegan2', not "),
        ("generator.checkpoint=gone.pkl", "gone.pkl: cannot be read (No such file or directory)"),
        ("image.size=128", "image.size: 128 is more than the 64 px that net.safetensors draws"),
        ("generator.truncation=2", "generator.truncation: 2 does not fit"),
        ("extras=[depth]", "extras: 'depth' needs a generator that models what it draws"),
    ],
)
@pytest.mark.parametrize("command", ["run", "plan"])
def test_checkpoints_that_do_not_fit_exit_with_2_and_write_nothing(
    command: str, change: str, mend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tiny(tmp_path / "net.safetensors")
    Path("job.yaml").write_text(
        "name: a\ncount: 4\noutput: out\nimage: {size: 64}\nscorer: builtin:null\n"
        "generator: {checkpoint: net.safetensors}\n"
    )
    code, out, err = invoke(command, "job.yaml", "--set", change)
    assert (code, out) == (2, "")
    assert mend in err
    assert len(err.splitlines()) == 1
    assert not Path("out").exists()


def test_the_heads_scorer_is_warned_of_on_other_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("job.yaml").write_text(
        "name: a\ncount: 4\noutput: out\ngenerator: {checkpoint: gone.pkl}\n"
    )
    _, _, err = invoke("plan", "job.yaml")
    assert err.splitlines()[0] == (
        "populace: warning: scorer: builtin:heads reads pictures of builtin:heads; its scores mean "
        "nothing on those of gone.pkl."
    )
    assert "warning" not in invoke("plan", "job.yaml", "--set", "scorer=builtin:null")[2]


def test_run_status_and_pull_speak_json(tmp_path: Path) -> None:
    job, output = tmp_path / "job.yaml", tmp_path / "out"
    job.write_text(SPEC.format(output=output))
    arguments = ["run", str(job), "--set", "image.size=64", "--workers", "1", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["count"] == 4
    assert json.loads(invoke("status", str(output), "--json")[1])["sealed"] is True
    pulled = json.loads(invoke("pull", str(output), "--to", str(tmp_path / "to"), "--json")[1])
    assert pulled["faces"] == 4
    arguments = ("pull", str(output), "--to", str(tmp_path / "to"), "--size", "8")
    more = ("--format", "webp", "--count", "3", "--sync")
    pulled = json.loads(invoke(*arguments, *more, "--json")[1])
    assert (pulled["converted"], pulled["removed"]) == (3, 4)
    code, out, _ = invoke(*arguments, *more)
    assert (code, out) == (
        0, f"3 faces in {tmp_path / 'to'}: 0 fetched (0 bytes), 3 there already\n"
    )  # fmt: skip
    code, _, err = invoke(*arguments, "--format", "jpg")
    assert (code, err) == (2, "populace: format: 'jpg' is not known; did you mean 'jpeg'?\n")
    assert json.loads(invoke("schema")[1])["title"] == "JobSpec"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A sealed catalog of 40 faces, 10 in each of four cells."""
    rows = [
        {
            "asset_id": f"face{index:02d}",
            "age": 25.0 + 10 * (index % 4),
            "glasses": ("none", "glasses")[index // 20],
        }
        for index in range(40)
    ]
    folder = tmp_path_factory.mktemp("catalog")
    fake_catalog(open_store(str(folder)), rows, bins={"age": ["20-39", "40-59"]})
    return str(folder)


def test_draw_prints_names_and_says_the_rest_beside(catalog: str) -> None:
    code, out, err = invoke("draw", catalog, "--count", "8", "--balance", "age,glasses")
    assert code == 0
    names = out.split()
    assert len(set(names)) == 8
    assert err.splitlines()[0].split() == [
        "age", "glasses", "share", "asked", "available", "drawn", "weight"
    ]  # fmt: skip
    assert err.splitlines()[1].split() == [
        "20-39", "none", "25.0%", "2", "10", "2", "1.000"
    ]  # fmt: skip
    assert err.splitlines()[-1] == "8 of 40 faces; effective sample size 8.0"
    again = invoke("draw", catalog, "--count", "8", "--balance", "age", "--balance", "glasses")
    assert again[1] == out
    other = invoke("draw", catalog, "--count", "8", "--balance", "age,glasses", "--seed", "1")
    assert other[1] != out


def test_draw_speaks_json_and_writes_files(catalog: str, tmp_path: Path) -> None:
    options = ["--balance", "age=[20-39,40-49]", "--method", "weights", "--where", "slot < 39"]
    document = json.loads(invoke("draw", catalog, *options, "--json")[1])
    assert len(document["ids"]) == document["drawn"] == 30
    assert [cell["drawn"] for cell in document["cells"]] == [20, 10]
    assert document["outside"] == 9
    code, out, err = invoke("draw", catalog, *options, "--to", str(tmp_path / "rows.json"))
    assert (code, out) == (0, f"Wrote 30 rows to {tmp_path / 'rows.json'}\n")
    assert "asked" not in err
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert sorted(row["asset_id"] for row in rows) == sorted(document["ids"])
    assert {round(row["draw_weight"], 9) for row in rows} == {0.75, 1.5}


def test_draw_says_where_cells_were_short(catalog: str) -> None:
    arguments = ["--count", "30", "--balance", "glasses", "--where", "slot < 29"]
    code, _, err = invoke("draw", catalog, *arguments)
    assert (code, len(err.splitlines())) == (2, 1)
    assert "'glasses=glasses', which has 9; ask for 19, the most that works" in err
    code, out, err = invoke("draw", catalog, *arguments, "--allow-short")
    assert (code, len(out.split())) == (0, 29)
    assert err.splitlines()[-1] == (
        "1 cell had too few faces, and others filled up; 29 of 30 faces are drawn."
    )


@pytest.mark.parametrize(
    ("arguments", "mend"),
    [
        (["--balance", "agee"], "balance: Attribute 'agee' is unknown; did you mean 'age'?"),
        (["--balance", "age=[200+]"], "balance.age: 200 in bin '200+' is outside its range"),
        (["--balance", "age=[1"], "balance.age: '[1' is not YAML"),
        (["--balance", "smile"], "balance.smile: is null in all rows of this catalog"),
        (["--where", "agee > 3"], "where: 'agee > 3' cannot be applied to the manifest"),
        (["--seed", "-1"], "seed: -1 is out of range"),
        (["--count", "9" * 20], "count: 99,999,999,999,999,999,999 faces cannot be chosen"),
        (["--balance", "age=[0-9]"], "balance: none of the 40 matching faces lies in a cell"),
    ],
)
@pytest.mark.parametrize("command", ["draw", "pull"])
def test_draws_that_cannot_be_exit_with_2(
    command: str, arguments: list[str], mend: str, catalog: str, tmp_path: Path
) -> None:
    to = ["--to", str(tmp_path / "to")] if command == "pull" else []
    balance = [] if "--balance" in arguments else ["--balance", "age"]
    code, out, err = invoke(command, catalog, *to, "--count", "4", *balance, *arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(f"populace: {mend}")


def test_a_pull_without_balance_takes_no_option_of_a_draw(catalog: str, tmp_path: Path) -> None:
    for option in (["--seed", "1"], ["--method", "weights"], ["--allow-short"]):
        code, _, err = invoke("pull", catalog, "--to", str(tmp_path / "to"), *option)
        assert code == 2
        assert err.startswith("populace: balance: is missing")
