"""Running the provider: what is counted, the internal listener that shows it, readiness."""
