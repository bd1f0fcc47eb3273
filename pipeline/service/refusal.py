"""Refuse a request: one error with an HTTP status, the field that is wrong and the mend."""

from pipeline.errors import PopulaceError


class Refusal(PopulaceError):  # noqa: N818
    """A request that is not answered as asked.

    status: HTTP's, 4xx; 503 where the service is at its limits. field: the part of the request
    that is wrong. message: what is wrong and the mend. retry_after: seconds after which it may be
    tried again, where waiting helps.
    """

    def __init__(
        self, status: int, field: str, message: str, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{field}: {message}")
        self.status, self.field, self.message = status, field, message
        self.retry_after = retry_after
