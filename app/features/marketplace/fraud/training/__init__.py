"""Makes models: a simulated marketplace, a fit, a report. Only `fitting.py` needs the extra `training`.

Nothing here was seen in the wild. What is measured on it says how the method works, not how much fraud it will find.
"""
