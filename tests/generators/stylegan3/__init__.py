"""Tests of pipeline/generators/stylegan3."""
