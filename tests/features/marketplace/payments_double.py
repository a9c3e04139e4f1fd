"""A payment provider in memory: idempotent by key, keeps books, and fails when a test says so."""

from collections import Counter

from app.features.marketplace.payments import PaymentError


class FakePayments:
    """Moves made-up money, as the port `Payments` promises.

    `balance` is what the platform has by currency, `accounts` what each account has, `paid_out` what left them.
    `charges` and `transfers` map an id to what of it is left and the account it went to. `done` lists every call that
    had an effect, `asked` counts all that were made.
    """

    def __init__(self):
        self.balance, self.accounts, self.paid_out = Counter(), {}, Counter()
        self.charges, self.transfers, self.done = {}, {}, []
        self.asked = 0
        self._answers = {}
        self._failing, self._losing = [], 0
        self.declined = {"declined"}

    def fail_next(self, code="unreachable", *, certain=True):
        """Have the next call do nothing, and raise."""
        self._failing.append((code, certain))

    def lose_answers(self, times=1):
        """Have the next calls do what they should, and raise as if nobody knew."""
        self._losing += times

    def open_account(self, developer, *, country, key):
        def do():
            account = f"acct_{developer}"
            self.accounts.setdefault(account, Counter())
            return account

        return self._once(key, ("open_account", developer, country), do)

    def charge(self, order, amount, *, source, key):
        def do():
            if source in self.declined:
                raise PaymentError("declined", certain=True)
            self.balance[amount.currency] += amount.minor
            identifier = f"ch_{len(self.charges) + 1}"
            self.charges[identifier] = [amount, order]
            return identifier

        return self._once(key, ("charge", order, amount, source), do)

    def refund(self, charge, amount, *, key):
        def do():
            left, order = self._of(self.charges, charge, amount)
            self._take(self.balance, amount)
            self.charges[charge] = [left - amount, order]
            return f"re_{len(self.done) + 1}"

        return self._once(key, ("refund", charge, amount), do)

    def transfer(self, account, amount, *, group, key):
        def do():
            if account not in self.accounts:
                raise PaymentError("refused", certain=True)
            self._take(self.balance, amount)
            self.accounts[account][amount.currency] += amount.minor
            identifier = f"tr_{len(self.transfers) + 1}"
            self.transfers[identifier] = [amount, account]
            return identifier

        return self._once(key, ("transfer", account, amount, group), do)

    def reverse(self, transfer, amount, *, key):
        def do():
            left, account = self._of(self.transfers, transfer, amount)
            self._take(self.accounts[account], amount)
            self.balance[amount.currency] += amount.minor
            self.transfers[transfer] = [left - amount, account]
            return f"trr_{len(self.done) + 1}"

        return self._once(key, ("reverse", transfer, amount), do)

    def payout(self, account, amount, *, key):
        def do():
            if account not in self.accounts:
                raise PaymentError("refused", certain=True)
            self._take(self.accounts[account], amount)
            self.paid_out[account, amount.currency] += amount.minor
            return f"po_{len(self.done) + 1}"

        return self._once(key, ("payout", account, amount), do)

    def charge_back(self, charge, amount):
        """Have the buyer's bank take money back, as a dispute does; the platform may go below zero."""
        left, order = self._of(self.charges, charge, amount)
        self.charges[charge] = [left - amount, order]
        self.balance[amount.currency] -= amount.minor

    def _once(self, key, said, do):
        self.asked += 1
        if self._failing:
            code, certain = self._failing.pop(0)
            raise PaymentError(code, certain=certain)
        if key in self._answers:
            before, answer = self._answers[key]
            if before != said:
                raise PaymentError("refused", certain=True)
        else:
            answer = do()
            self._answers[key] = (said, answer)
            self.done.append(said)
        if self._losing:
            self._losing -= 1
            raise PaymentError("unreachable", certain=False)
        return answer

    @staticmethod
    def _of(table, identifier, amount):
        left, whose = table.get(identifier, (None, None))
        if left is None or amount.currency != left.currency or not 0 < amount.minor <= left.minor:
            raise PaymentError("refused", certain=True)
        return left, whose

    @staticmethod
    def _take(balance, amount):
        if balance[amount.currency] < amount.minor:
            raise PaymentError("insufficient", certain=True)
        balance[amount.currency] -= amount.minor
