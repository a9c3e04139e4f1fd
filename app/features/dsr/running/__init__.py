"""What is done about an approved request: store by store, to the end, whatever dies meanwhile; with a receipt of each.

Knows neither how a request came to be approved nor what anybody sees of it.
"""
