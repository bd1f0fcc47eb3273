"""The filters keep what is below the cutoff, take what is above, and look alike all round."""

import numpy as np
import pytest
import torch

from pipeline.generators.stylegan3.filters import low_pass, radial_low_pass, resampled


def test_one_tap_is_no_filter() -> None:
    assert low_pass(1, 4, 4, 64) is None
    assert radial_low_pass(1, 4, 4, 64) is None


def test_low_pass_passes_and_stops() -> None:
    taps = low_pass(48, cutoff=8, width=8, rate=64)
    assert taps is not None
    strength = np.abs(np.fft.rfft(taps.numpy(), 64 * 16))
    at = np.arange(len(strength)) / 16
    assert np.abs(strength[at < 4] - 1).max() < 0.01
    assert strength[at > 12].max() < 0.01


@pytest.mark.parametrize("count", [12, 13])
def test_radial_filter_is_round_and_sums_to_one(count: int) -> None:
    taps = radial_low_pass(count, cutoff=8, width=16, rate=64)
    assert taps is not None
    assert taps.isfinite().all()
    torch.testing.assert_close(taps.sum(), torch.tensor(1.0))
    torch.testing.assert_close(taps, taps.rot90())
    torch.testing.assert_close(taps, taps.T)


def test_up_and_down_gives_a_smooth_signal_back() -> None:
    line = torch.sin(torch.arange(40) * 0.3)
    x = torch.outer(line, line)[None, None]
    taps = low_pass(24, cutoff=0.5, width=0.4, rate=2)
    finer = resampled(x, taps, up=2, padding=(12, 11))
    again = resampled(finer, taps, down=2, padding=(11, 12))
    assert finer.shape[2:] == (80, 80)
    inside = slice(14, 26)
    torch.testing.assert_close(
        again[..., inside, inside], x[..., inside, inside], atol=0.02, rtol=0
    )
