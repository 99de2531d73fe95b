"""Pages that show streams, runs and journals; `responses_client/inspect.py` is the public door."""
