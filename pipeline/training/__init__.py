"""Train what the package ships: renders with their truth, and the scorers that learn from them."""
