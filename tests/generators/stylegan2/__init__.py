"""Tests of pipeline/generators/stylegan2."""
