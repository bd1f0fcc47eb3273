"""The network of the heads scorer reads the same as ONNX."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from pipeline.attributes.heads_export import export_scorer
from pipeline.attributes.heads_scorer import HeadsScorer
from pipeline.attributes.onnx_scorer import OnnxScorer
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.cli import main
from pipeline.errors import SpecError
from pipeline.generators.heads import Heads

COLOUR = {"skin_tone", "ita"}
"""Read from pixels beside the network."""


@pytest.fixture(scope="module")
def exported(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "heads.onnx"
    assert export_scorer(weights, path) == path.with_suffix(".yaml")
    return path


@pytest.mark.parametrize("size", [64, 128, 200])
def test_it_reads_heads_as_the_scorer_does(size: int, weights: Path, exported: Path) -> None:
    generator = Heads()
    normals = np.random.default_rng(5).standard_normal((6, generator.latent_size), np.float32)
    images = generator.render(generator.latents(normals), size)
    own = HeadsScorer(weights).score(images)
    scorer = OnnxScorer(exported, exported.with_suffix(".yaml"))
    scores = scorer.score(images)
    assert scorer.attributes == scores.values.keys() == BY_NAME.keys() - COLOUR
    for name, p in scores.probabilities.items():
        np.testing.assert_allclose(p, own.probabilities[name], atol=1e-4)
        if BY_NAME[name].kind == "class":
            ranked = np.sort(p, 1)
            clear = ranked[:, -1] - ranked[:, -2] > 1e-3
            np.testing.assert_array_equal(scores.values[name][clear], own.values[name][clear])
    for name, value in scores.values.items():
        if BY_NAME[name].kind == "number":
            span = BY_NAME[name].high - BY_NAME[name].low
            np.testing.assert_allclose(
                np.asarray(value, float), np.asarray(own.values[name], float), atol=1e-4 * span
            )
    for name in ("sharpness", "clipped"):
        np.testing.assert_array_equal(scores.quality[name], own.quality[name])


def test_the_scorer_itself_reads_the_rest(weights: Path, exported: Path) -> None:
    heads = HeadsScorer(weights)
    scorer = OnnxScorer(exported, exported.with_suffix(".yaml"), heads)
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    scores, own = scorer.score(images), heads.score(images)
    assert scores.values.keys() == own.values.keys()
    for name in COLOUR:
        np.testing.assert_array_equal(scores.values[name], own.values[name])
    np.testing.assert_array_equal(scores.quality["realism"], own.quality["realism"])
    assert scores.landmarks is not None


def test_the_same_weights_give_the_same_bytes(
    weights: Path, exported: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.onnx"
    export_scorer(weights, again)
    assert again.read_bytes() == exported.read_bytes()
    assert again.with_suffix(".yaml").read_bytes() == exported.with_suffix(".yaml").read_bytes()


def test_the_command_writes_both_and_replaces_neither(weights: Path, tmp_path: Path) -> None:
    target = tmp_path / "heads.onnx"
    arguments = ["export", "scorer", str(target), "--weights", str(weights)]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0
    assert done.stdout.startswith(f"Wrote {target} (")
    assert done.stdout.endswith(f"and {tmp_path}/heads.yaml\n")
    again = CliRunner().invoke(main, arguments)
    assert (again.exit_code, again.stdout) == (2, "")
    assert again.stderr == (
        f"populace: {target}: exists; give another name, or --force to replace it.\n"
    )
    assert CliRunner().invoke(main, [*arguments, "--force"]).exit_code == 0


def test_other_names_and_files_are_refused(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"give a name ending in \.onnx"):
        export_scorer(weights, tmp_path / "heads.pt")
    with pytest.raises(SpecError, match="holds no scorer of this version of populace"):
        export_scorer(Path(__file__), tmp_path / "heads.onnx")
    with pytest.raises(SpecError, match="cannot be written"):
        export_scorer(weights, tmp_path / "none" / "heads.onnx")
    assert list(tmp_path.iterdir()) == []
