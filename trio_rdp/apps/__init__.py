"""What people run: programs on top of everything."""
