"""QtCore only: the engine thread, the queue, what is open and selected."""
