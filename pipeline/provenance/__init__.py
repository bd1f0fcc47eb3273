"""Say in every file that nobody in it exists."""
