"""A folder of the user's own clips → a dataset: what was found, captions, splits, segments."""
