"""Structured output: the schema that asks for a type, and responses whose text is read as one."""
