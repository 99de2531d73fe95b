"""The only room with sockets and threads of its own: protocols, and drivers for sync and async code."""
