"""Fingers and pens, for both sides."""
