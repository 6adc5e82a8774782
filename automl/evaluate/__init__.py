"""How good a candidate is."""
