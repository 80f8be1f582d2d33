"""Panels: signals out, setters in."""
