"""Many requests at once, within the rate limits of a server."""
