"""Serve catalogs over HTTP: an API with keys, and the gallery."""
