"""Searches for bytes that do harm, for as long as there is time; what they find becomes a test of its module."""
