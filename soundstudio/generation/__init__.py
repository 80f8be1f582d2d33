"""Request to clip."""
