"""From the bytes of a stream to typed events and the response so far. No I/O."""
