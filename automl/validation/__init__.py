"""Which rows are learned from and which are predicted."""
