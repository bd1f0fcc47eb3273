"""Keep the books: manifest, seal, report, and finding and pulling faces again."""

from pipeline.catalog.read import Catalog

__all__ = ["Catalog"]
