"""The engine process: message in, work, messages out; no Qt."""
