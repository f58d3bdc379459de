"""The registry that knows nationals: what it is asked, what it answers, and the adapters that ask it."""
