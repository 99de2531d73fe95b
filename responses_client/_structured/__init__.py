"""Text as values of a type: the schema that asks for them, and the responses that hold them."""
