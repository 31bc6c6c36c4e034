"""Single programs instead of a desktop, for both sides."""
