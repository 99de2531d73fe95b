"""The methods of clients: generated ones for endpoints, and hand-written ones built on those."""
