"""Runs: the loop of requests and tool calls."""
