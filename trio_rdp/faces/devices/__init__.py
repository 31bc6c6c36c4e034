"""What a client lends to its server: drives, printers, smart cards, ports."""
