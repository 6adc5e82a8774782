"""What the user should know of the data before the search."""
