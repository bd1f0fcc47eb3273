"""Put the generator's truth as classes, and as the shares of classes that scores are held to."""

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.network import CLASS_HEADS
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.training.draws import Labels, tone_class
from pipeline.training.presentation import seen_as_masculine


def class_truth(name: str, labels: Labels) -> NDArray[np.int64]:
    """The index of the true class, or of the band that holds the true number: int64 [B]."""
    values = np.asarray(labels[name])
    if name == "age":
        return np.clip(values // 5, 0, 19).astype(np.int64)
    return tone_class(values) if name == "skin_tone" else values.astype(np.int64)


def class_target(name: str, labels: Labels) -> NDArray[np.float64]:
    """What an honest scorer would say: float64 [B, C], rows sum to 1.

    All on the true class, but for gender presentation, which is a continuum.
    """
    if name == "gender_presentation":
        masculine = seen_as_masculine(np.asarray(labels["masculinity"]))
        return np.stack([1 - masculine, masculine], 1)
    return np.eye(len(BY_NAME[name].classes))[class_truth(name, labels)]


def class_targets(labels: Labels) -> dict[str, NDArray[np.float64]]:
    """`class_target` of every class head."""
    return {name: class_target(name, labels) for name in CLASS_HEADS}
