"""Serve sealed catalogs over HTTP: to look at, and to ask."""
