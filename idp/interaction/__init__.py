"""The hub of a sign-in: what is still missing before this person may go back to the client.

Steps never route to one another: each proves one thing and returns here, and `next_step` alone decides.
"""
