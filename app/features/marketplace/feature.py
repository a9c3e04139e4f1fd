"""The feature `marketplace`. Its routes stand in `<room>/routes_<noun>.py`; `app/control.py` imports each of these."""

from app.pep import Feature

feature = Feature(
    "marketplace",
    menu={
        "marketplace.catalogue": "Catalogue",
        "marketplace.mine": "My agents",
        "marketplace.account": "Account",
        "marketplace.invoices": "Invoices",
        "marketplace.finance": "Finance",
        "marketplace.all_coupons": "Coupons",
        "marketplace.market_queue": "Trust and safety",
        "marketplace.fraud_cases": "Suspected fraud",
    },
)
