"""What happens to pixels: geometry, redaction, display."""
