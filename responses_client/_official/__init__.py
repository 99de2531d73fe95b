"""Requests of the official package, sent by this one; `responses_client.openai` has the classes that users hold."""
