"""Sound Studio: a desktop application for AI sound design."""
