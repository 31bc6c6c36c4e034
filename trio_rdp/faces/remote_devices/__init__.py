"""What a server sees of the devices that its client lends."""
