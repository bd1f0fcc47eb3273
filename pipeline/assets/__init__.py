"""Turn pixels into files: encode, hash, pack, and lay out contact sheets."""
