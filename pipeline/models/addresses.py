"""Read addresses of model files as a spec has them: how they are shown, and from any folder."""

import re

from pipeline.storage import parse_uri

_DIGEST = "#sha256="


def shown(address: str) -> str:
    """An address as it may be printed and stored: without what grants access."""
    return re.sub(r"://[^/]*@", "://", address.partition("?")[0])


def absolute(address: str, field: str) -> str:
    """The same from any folder: a worker's is another than the user's.

    Raises:
        SpecError: the address cannot be meant; names `field`.
    """
    if re.match(r"(?i)(s3|https?)://", address):
        return address
    place, mark, digest = address.partition(_DIGEST)
    return parse_uri(place, field).uri + mark + digest
