"""Delivery owns what must leave the house after an act was committed: the outbox and its worker."""
