"""From decision to file."""
