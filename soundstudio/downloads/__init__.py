"""Fetching models and other weights: resumed, verified, then put in place whole."""
