"""Who did what, and the way back."""
