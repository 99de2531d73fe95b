"""Recordings of real traffic that replay without a network; `responses_client.testing.Cassette` is the public name."""
