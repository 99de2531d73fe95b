"""Batches: many requests that the server answers within a day, from their lines to their results."""
