"""The sounds that exist: clips, requests, tags, search, export and metadata."""
