"""Members of staff: who they are, what their role lets them do, how they come and go, and when it takes two of them."""
