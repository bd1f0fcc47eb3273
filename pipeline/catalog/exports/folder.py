"""Export images in a plain folder with an index: for people, and for scripts in any language."""

from pipeline.catalog.exports.index import write_index
from pipeline.catalog.exports.walk import Walk, below


def write(walk: Walk) -> None:
    """Write images/<shard>/<asset>.<suffix>, index.csv, index.json and LICENCE.txt."""
    walk.images(below("images"))
    write_index(walk)
    walk.licence()
