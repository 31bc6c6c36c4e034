"""Remote Desktop Protocol as one Trio library."""
