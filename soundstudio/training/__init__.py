"""Dataset to cache to run to model."""
