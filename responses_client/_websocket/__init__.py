"""Many responses over one WebSocket."""
