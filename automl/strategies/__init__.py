"""What to try next: one file a strategy; each is a function of space, history and seed."""
