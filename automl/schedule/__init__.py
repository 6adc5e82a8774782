"""How thoroughly, and for how long."""
