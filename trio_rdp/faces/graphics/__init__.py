"""The graphics pipeline, as a client uses it."""
