"""Keep one picture's features with zero rows above and below, so that bands need no padding."""

import torch
from torch import Tensor


class Frame:
    """Features of one picture: [1, C, r, r] in channels-last order, zeros beyond top and bottom."""

    def __init__(
        self, channels: int, side: int, border: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        rows = torch.zeros(1, side + 2 * border, side, channels, dtype=dtype, device=device)
        self._all = rows.permute(0, 3, 1, 2)
        self._border = border
        self.side = side

    def rows(self, first: int, last: int) -> Tensor:
        """A view of rows first..last-1, as far as `border` beyond either edge."""
        return self._all[:, :, first + self._border : last + self._border]

    @property
    def inside(self) -> Tensor:
        """A view of the picture proper, [1, C, r, r]."""
        return self.rows(0, self.side)
