"""Facts and words that every room uses: HTTP metadata, masks, messages, checks, retries, options. No I/O but the clock."""
