"""Training specs and the sentences that mend them."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.errors import SpecError
from pipeline.training.gan.spec import GanSpec, parse_gan_spec, read_gan_spec

from .tiny import spec

EXAMPLE = Path(__file__).parents[3] / "docs" / "training" / "stylegan2-heads.yaml"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"netwrok": {}}, "netwrok: is no key of a training spec; did you mean 'network'?"),
        ({"fro": "x"}, "fro: is no key of a training spec; did you mean 'from'?"),
        (
            {"adversarial": {"kimg": 1, "augment": {"tagret": 1}}},
            "adversarial.augment.tagret: is no key of a training spec; did you mean 'target'?",
        ),
        ({"to": None}, "to: None does not fit; input should be a valid string."),
        (
            {"network": {"resolution": 48}},
            "network.resolution: 48 is no power of two; write 32, 64, 128 …",
        ),
        (
            {"network": {"channel_base": 64}},
            "network.channel_base: 64 leaves fewer than 4 channels at 64 px; write 256 or more.",
        ),
        (
            {"network": {"z_dim": 64}},
            "network.z_dim: 64 is too short for the latents of builtin:heads; write 103 or more.",
        ),
        ({"regress": {}}, "regress.kimg: 0, as is adversarial.kimg; give one of them a length."),
        (
            {"data": {"source": "./art"}},
            "regress.kimg: 1 needs pictures whose latents are known; write 0, or data.source: "
            "builtin:heads.",
        ),
        (
            {"from": "net.pkl", "network": {"resolution": 32, "z_dim": 128}},
            "network.z_dim: is that of 'from', of which only the resolution may change; remove it.",
        ),
        (
            {"data": {"mirror": True}},
            "data.mirror: true does not fit builtin:heads, whose latents know left from right; "
            "remove it.",
        ),
        (
            {"adversarial": {"style_mixing": 0.9}},
            "adversarial.style_mixing: 0.9 mixes people, whom adversarial.anchor holds to their "
            "pictures; set one of them to 0.",
        ),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_gan_spec({"regress": {"kimg": 1}, "to": "run"} | change)
    assert str(caught.value) == sentence


def test_the_command_exits_with_2_and_one_line(tmp_path: Path) -> None:
    path = tmp_path / "train.yaml"
    for text, start in (
        ("to: run\nseed: -1\n", "populace: seed: -1 does not fit; input should be greater"),
        ("- 1\n", f"populace: {path}: holds no training spec"),
        ("a: [\n", f"populace: {path}: is not YAML"),
        ("regress: {kimg: 1}\n", "populace: to: is missing; every training spec needs it."),
    ):
        path.write_text(text)
        result = CliRunner().invoke(main, ["train", "gan", str(path)])
        assert result.exit_code == 2
        assert result.stderr.startswith(start)
        assert len(result.stderr.splitlines()) == 1
    result = CliRunner().invoke(main, ["train", "gan", str(tmp_path / "none.yaml")])
    assert "cannot be read (No such file or directory)" in result.stderr


def test_stages_are_counted_in_steps_and_pictures(tmp_path: Path) -> None:
    wanted = spec(tmp_path / "run")
    assert (wanted.regress_steps, wanted.steps) == (6, 12)
    assert [wanted.images(step) for step in (0, 6, 7)] == [0, 48, 56]


def test_where_and_how_fast_do_not_make_another_run(tmp_path: Path) -> None:
    wanted = spec(tmp_path / "run")
    same = wanted.model_copy(update={"to": "other", "threads": 4, "sample_kimg": 9.0})
    assert same.digest == wanted.digest
    assert wanted.model_copy(update={"seed": 1}).digest != wanted.digest


def test_the_bundled_recipe_is_a_spec_and_the_page_tells_every_key() -> None:
    wanted = read_gan_spec(EXAMPLE)
    network = wanted.network.config
    assert (network.resolution, network.z_dim) == (64, 128)
    page = (EXAMPLE.parents[1] / "training.md").read_text()

    def keys(model: type, prefix: str = "") -> list[str]:
        found = []
        for name, field in model.model_fields.items():
            name = prefix + (field.alias or name)
            inner = field.annotation
            is_part = isinstance(inner, type) and hasattr(inner, "model_fields")
            found += keys(inner, f"{name}.") if is_part else [name]
        return found

    missing = [key for key in keys(GanSpec) if f"`{key}`" not in page]
    assert missing == []
    assert yaml.safe_load(EXAMPLE.read_text())["to"]


def test_what_grants_access_is_not_stored() -> None:
    content = {"adversarial": {"kimg": 1}, "data": {"source": "./faces"}, "to": "runs/x"}
    spec = parse_gan_spec(content | {"from": "https://me:SECRET@host/net.pkl?key=SECRET"})
    assert spec.plain()["from"] == "https://host/net.pkl"
    assert "SECRET" not in json.dumps(spec.plain())
    assert parse_gan_spec(content).plain()["from"] is None
