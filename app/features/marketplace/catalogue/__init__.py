"""The catalogue: who registers, what they lay out and publish, what others find, and how it is installed.

It looks at what supply and inspection found out, and at what sales sold; none of them knows it.
"""
