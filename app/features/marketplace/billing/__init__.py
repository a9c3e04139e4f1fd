"""What agents cost, and what follows from it: plans, coupons, commission, metered usage, invoices, payments.

Knows no other room of the marketplace: sales asks for quotes and splits, and says what a webhook means to an order.
"""
