"""What happened, written in the same transaction as the act itself.

The catalogue names every event; storage appends them. A row says who, what and for which client, and never
holds a code, a token, a secret, a passport or a whole phone number.
"""
