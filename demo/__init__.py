"""The whole promise on one screen: `make demo`, or `python -m demo`.

Decides, crashes, restarts, verifies, proves, replays, and then plays the attacker. It uses the service as anybody
would: over HTTP, by its commands, and through the files it leaves.
"""
