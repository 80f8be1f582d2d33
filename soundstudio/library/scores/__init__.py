"""Scorings that were made: kept in a history, understood again, compared, exported and shown."""
