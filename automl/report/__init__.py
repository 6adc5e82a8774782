"""What it means: the leaderboard."""
