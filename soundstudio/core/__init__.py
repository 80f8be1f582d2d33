"""What every other package may import: requests, messages, errors, settings, catalogue, paths."""
