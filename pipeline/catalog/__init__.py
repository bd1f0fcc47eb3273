"""Keep the books: manifest, seal, report, and pulling faces out again."""
