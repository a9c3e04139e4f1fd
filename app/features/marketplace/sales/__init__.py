"""What is bought and who is owed what: orders, refunds, disputes, holds, payouts, and the ledger under all of them.

Asks `billing/` what things cost and `fraud/` what speaks against a purchase; knows neither how a price is made nor how
a risk is scored.
"""
