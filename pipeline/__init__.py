"""populace: balanced, labelled faces of people who do not exist, by the million."""

__version__ = "0.1.0"
