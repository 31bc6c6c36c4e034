"""The built-in channels in Trio's terms, as users of a session see them: a face for each."""
