"""The methods of clients: generated ones for the endpoints, hand-written ones for what is built on them."""
