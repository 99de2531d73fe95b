"""The command `responses`, which is also `python -m responses_client`: one module for each of its jobs."""
