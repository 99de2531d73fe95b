"""Structured output: the schema that asks for a type, and responses with their text read as one."""
