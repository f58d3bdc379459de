"""Telephony owns foreign telephone numbers, what a text message says, and who carries it."""
