"""Peers that misbehave, programs that are cancelled, and more work than fits: nothing hangs, leaks or grows."""
