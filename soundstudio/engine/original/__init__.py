"""AudioLDM's original checkpoint files → model folders in diffusers' layout."""
