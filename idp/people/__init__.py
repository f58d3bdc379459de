"""The record of a national: names in two scripts, status, and what the registry said about them."""
