"""What a person's record becomes in tokens: scopes, pairwise subject, names in two scripts, assurance."""
