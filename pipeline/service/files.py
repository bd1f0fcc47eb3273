"""Hand out a file of an asset: by a link to its store, or checked by its sha256."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pipeline.assets.encode import MEDIA_TYPES
from pipeline.assets.extras import EXTRAS
from pipeline.catalog.fetch import Asset, fetch_group
from pipeline.catalog.read import Catalog

LINK_SECONDS = 300
"""How long a link to a file in S3 can be followed."""

_FOREVER = "private, max-age=31536000, immutable"
_TYPES: dict[str, str] = MEDIA_TYPES | {kind: entry.media_type for kind, entry in EXTRAS.items()}


def file_answer(request: Request, catalog: Catalog, file: Asset) -> Response:
    """A file by a link where its store gives one, or as it is; nothing where the asker has it.

    Raises CatalogError for a file that is not the one that the manifest names.
    """
    tag = f'"{file.sha256}"'
    headers = {"etag": tag, "cache-control": _FOREVER}
    if tag in (one.strip() for one in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    # A link names a whole object: of a pack it would give a thousand files.
    link = None if file.offset else catalog.store.link(file.uri, LINK_SECONDS)
    if link is not None:
        # Kept for less time than it can be followed.
        headers["cache-control"] = f"private, max-age={LINK_SECONDS // 2}"
        return RedirectResponse(link, 302, headers)
    ((_, data),) = fetch_group(catalog.store, [file])
    return Response(data, headers=headers, media_type=_TYPES[file.format])
