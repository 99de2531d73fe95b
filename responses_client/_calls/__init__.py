"""One call of the API, from its arguments to its answer."""
