"""What is on disk: the facts."""
