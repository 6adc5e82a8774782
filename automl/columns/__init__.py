"""What the columns are, and how a table is encoded."""
