"""정부24 (Government 24): plain sign-in and logout."""
