"""The HTTP endpoints that decide: a small native ASGI application, and nothing else on its path."""
