"""What pixels are put on, sans-I/O: regions, `DecodedImage`, paint jobs, cursors, frame differences."""
