"""The networks of `pipeline.generators.bundled`."""
