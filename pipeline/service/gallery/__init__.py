"""Show catalogs to people who look at pictures."""

from pipeline.service.gallery.routes import gallery_router

__all__ = ["gallery_router"]
