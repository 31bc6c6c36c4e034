"""Sound from a server and microphones of clients, for both sides."""
