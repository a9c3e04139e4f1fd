"""A payment provider in memory: does each thing once for its key, keeps its own balance, fails as a test wants."""

from app.features.marketplace.payments import PaymentError


class Provider:
    """Implements `Payments`.

    Attributes:
        held: what it holds of the platform's money, by currency, with what lies in developers' accounts.
        failing: how the next calls of a method fail: `declined` for sure, `before` doing it or `after`.
        calls: of each method, with its key.
    """

    def __init__(self):
        self.held, self.failing, self.calls = {}, {}, []
        self._done, self._charges, self._transfers = {}, {}, {}

    def open_account(self, developer, *, country, key):
        return self._once("open_account", key, (developer, country), lambda: f"acct_{developer}")

    def charge(self, order, amount, *, source, key):
        def take():
            self._move(amount)
            self._charges[f"ch_{order}"] = amount.minor
            return f"ch_{order}"

        return self._once("charge", key, (order, amount, source), take)

    def refund(self, charge, amount, *, key):
        def give():
            assert 0 < amount.minor <= self._charges[charge], "the provider gives back no more than it took"
            self._charges[charge] -= amount.minor
            self._move(-amount)
            return f"re_{key}"

        return self._once("refund", key, (charge, amount), give)

    def transfer(self, account, amount, *, group, key):
        def move():
            self._transfers[f"tr_{key}"] = amount.minor
            return f"tr_{key}"

        return self._once("transfer", key, (account, amount, group), move)

    def reverse(self, transfer, amount, *, key):
        def move():
            assert self._transfers.pop(transfer) == amount.minor
            return f"rv_{key}"

        return self._once("reverse", key, (transfer, amount), move)

    def payout(self, account, amount, *, key):
        return self._once("payout", key, (account, amount), lambda: f"po_{key}")

    def paid_out(self, amount):
        """Have a payout arrive at the bank."""
        self._move(-amount)

    def disputed(self, charge, amount, fee):
        """Have a bank take money back, and charge for it."""
        self._charges[charge] -= amount.minor
        self._move(-amount)
        self._move(-fee)

    def won(self, charge, amount):
        """Have a bank give it back."""
        self._charges[charge] += amount.minor
        self._move(amount)

    def count(self, method):
        return len({key for name, key in self.calls if name == method})

    def _move(self, amount):
        self.held[amount.currency] = self.held.get(amount.currency, 0) + amount.minor

    def _once(self, method, key, arguments, do):
        self.calls.append((method, key))
        how = self.failing.get(method)
        if how == "declined":
            raise PaymentError("declined", certain=True)
        if how == "before":
            raise PaymentError("unreachable", certain=False)
        if key not in self._done:
            self._done[key] = ((method, arguments), do())
        known, result = self._done[key]
        assert known == (method, arguments), "a key was used for something else"
        if how == "after":
            raise PaymentError("unreachable", certain=False)
        return result
