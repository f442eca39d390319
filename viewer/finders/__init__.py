"""Propose, never decide."""
