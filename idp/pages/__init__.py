"""What people see: the steps of a sign-in, consent, enrolment, logout, refusals. No rule lives here.

Pages speak HTML and keep the person's way open: every refusal says what happened and leads on.
"""
