"""The marketplace: agents are published, bought and paid under proof; every state change has one decision on record.

One folder for each room: `supply/` verifies who built what, `inspection/` looks into it, `catalogue/` shows and sells
it, `lifecycle/` keeps it honest, `sales/` moves money, `billing/` prices and meters, `fraud/` scores. What all of them
share stands beside this file: the tables of the catalogue (`rows.py`), who acts for whom (`parties.py`), the one way
to have an effect (`acting.py`), money (`money.py`) and the port to who moves it (`payments.py`).
"""
