"""Personal data that the log must hold and the platform must be able to forget.

Sealed blocks hide it inside records; subject keys open them and can be destroyed. Knows neither
the web nor the log: it is handed a decision id as text, and hands back a block.
"""
