"""The life of the mobile overseas-national credential: its states, and its issue to a national's phone."""
