"""What is asked of whoever runs the platform: the frameworks, item by item, as data. Importable alone.

Ids and our own words; the texts of licensed standards are not here. Knows neither evidence nor policies.
"""
