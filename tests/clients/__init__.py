"""The relying services: their checks one by one, then whole sign-ins with a provider that can misbehave."""
