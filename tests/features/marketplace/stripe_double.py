"""A Stripe of this machine: keeps books, remembers idempotency keys, signs webhooks. The official SDK talks to it.

What it answers has the fields that the SDK reads; money that is not there cannot be moved. A card `pm_declined` is
declined.
"""

import hashlib
import hmac
import json
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

KEY = "sk_test_double_4242"  # no key of anybody
SECRET = "whsec_double"  # noqa: S105 - no secret of anybody


class Refused(Exception):  # noqa: N818 - an answer
    def __init__(self, status, kind, code=None):
        super().__init__(code or kind)
        self.status = status
        self.body = {"error": {"type": kind, "code": code, "message": f"refused for the key {KEY}"}}


class StripeDouble:
    """Holds `objects` by id, the `platform`'s balance by currency, and that of `accounts`."""

    def __init__(self):
        self.objects, self.platform, self.accounts = {}, Counter(), {}
        self.events, self.requests, self.now = [], [], 1_795_356_000
        self.losing = self.failing = 0
        self._answers, self._lock = {}, threading.Lock()

    def lose_answers(self, times=1):
        """Do what the next calls ask, and hang up instead of answering."""
        self.losing += times

    def fail(self, times=1):
        """Answer the next calls with 500, having done nothing."""
        self.failing += times

    # what the platform asks for

    def asked(self, path, params, key, account):
        """Return status and document; None to hang up."""
        with self._lock:
            self.requests.append((path, params, key, account))
            if self.failing:
                self.failing -= 1
                return 500, {"error": {"type": "api_error", "message": "broken"}}
            said = (path, sorted(params.items()), account)
            if key in self._answers:
                before, answer = self._answers[key]
                if before != said:
                    return 400, Refused(400, "idempotency_error").body
            else:
                try:
                    answer = 200, self._do(path.removeprefix("/v1/").split("/"), params, account)
                except Refused as refused:
                    answer = refused.status, refused.body
                if key:
                    self._answers[key] = (said, answer)
            if self.losing:
                self.losing -= 1
                return None
            return answer

    def _do(self, path, params, account):
        match path:
            case ["accounts"]:
                return self._account(params)
            case ["payment_intents"]:
                return self._payment(params)
            case ["refunds"]:
                return self._refund(params)
            case ["transfers"]:
                return self._transfer(params)
            case ["transfers", transfer, "reversals"]:
                return self._reversal(transfer, params)
            case ["payouts"]:
                return self._payout(params, account)
        raise Refused(404, "invalid_request_error", "resource_missing")

    def _account(self, params):
        made = self._made("acct", "account", country=params["country"], type=params["type"])
        self.accounts[made["id"]] = Counter()
        return made

    def _payment(self, params):
        if params["payment_method"] == "pm_declined":
            raise Refused(402, "card_error", "card_declined")
        status = "processing" if params["payment_method"] == "pm_slow" else "succeeded"
        made = self._amount("pi", "payment_intent", params, status=status, transfer_group=params["transfer_group"])
        if status == "succeeded":
            self.platform[made["currency"]] += made["amount"]
        self.tell("payment_intent." + status, made)
        return made

    def _refund(self, params):
        paid = self._found(params["payment_intent"])
        amount = self._part(paid, int(params["amount"]))
        self._take(self.platform, paid["currency"], amount)
        made = self._made(
            "re", "refund", amount=amount, currency=paid["currency"], payment_intent=paid["id"], status="succeeded"
        )
        self.tell("refund.created", made)
        return made

    def _transfer(self, params):
        if params["destination"] not in self.accounts:
            raise Refused(400, "invalid_request_error", "resource_missing")
        self._take(self.platform, params["currency"], int(params["amount"]))
        made = self._amount("tr", "transfer", params, destination=params["destination"])
        self.accounts[made["destination"]][made["currency"]] += made["amount"]
        return made

    def _reversal(self, transfer, params):
        found = self._found(transfer)
        amount = self._part(found, int(params["amount"]))
        self._take(self.accounts[found["destination"]], found["currency"], amount)
        self.platform[found["currency"]] += amount
        return self._made("trr", "transfer_reversal", amount=amount, currency=found["currency"], transfer=transfer)

    def _payout(self, params, account):
        if account not in self.accounts:
            raise Refused(400, "invalid_request_error", "resource_missing")
        self._take(self.accounts[account], params["currency"], int(params["amount"]))
        made = self._amount("po", "payout", params, status="pending") | {"account": account}
        self.objects[made["id"]] = made
        return {name: value for name, value in made.items() if name != "account"}

    # what happens outside

    def dispute(self, payment):
        """Have the bank take a payment back."""
        paid = self._found(payment)
        self.platform[paid["currency"]] -= paid["amount"]
        made = self._made(
            "dp",
            "dispute",
            amount=paid["amount"],
            currency=paid["currency"],
            payment_intent=payment,
            status="needs_response",
            reason="fraudulent",
        )
        self.tell("charge.dispute.created", made)
        return made["id"]

    def close(self, dispute, status):
        """Have the bank end a dispute as `won` or `lost`."""
        made = self._found(dispute) | {"status": status}
        self.objects[dispute] = made
        if status == "won":
            self.platform[made["currency"]] += made["amount"]
        self.tell("charge.dispute.closed", made)

    def settle(self, payout, status):
        """Have a payout be `paid`, or `failed`, which brings the money back."""
        made = self._found(payout) | {"status": status}
        self.objects[payout] = made
        if status == "failed":
            self.accounts[made["account"]][made["currency"]] += made["amount"]
        self.tell(
            f"payout.{status}", {name: value for name, value in made.items() if name != "account"}, made["account"]
        )

    def tell(self, kind, document, account=None):
        """Add the bytes of a webhook to `events`; a second passes."""
        self.now += 1
        event = {
            "id": f"evt_{len(self.events) + 1}",
            "object": "event",
            "type": kind,
            "created": self.now,
            "livemode": False,
            "data": {"object": dict(document)},
        }
        self.events.append(json.dumps(event if account is None else event | {"account": account}).encode())

    # books

    def _made(self, prefix, kind, **fields):
        made = {"id": f"{prefix}_{len(self.objects) + 1}", "object": kind, **fields}
        self.objects[made["id"]] = made
        return made

    def _amount(self, prefix, kind, params, **fields):
        return self._made(prefix, kind, amount=int(params["amount"]), currency=params["currency"], **fields)

    def _found(self, identifier):
        if identifier not in self.objects:
            raise Refused(404, "invalid_request_error", "resource_missing")
        return self.objects[identifier]

    @staticmethod
    def _part(whole, amount):
        """Take a part of something that has an amount, which cannot be taken twice."""
        if not 0 < amount <= whole["amount"] - whole.get("taken", 0):
            raise Refused(400, "invalid_request_error", "amount_too_large")
        whole["taken"] = whole.get("taken", 0) + amount
        return amount

    @staticmethod
    def _take(balance, currency, amount):
        if balance[currency] < amount:
            raise Refused(400, "invalid_request_error", "balance_insufficient")
        balance[currency] -= amount


def signed(body, at, secret=SECRET):
    """Return the header that Stripe signs a webhook with."""
    code = hmac.new(secret.encode(), f"{int(at)}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={int(at)},v1={code}"


@contextmanager
def stripe_server():
    """Run a double; yield it, with its `url`."""
    double = StripeDouble()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            if self.headers["authorization"] != f"Bearer {KEY}":
                return self._answer(401, {"error": {"type": "invalid_request_error", "message": f"no key {KEY}"}})
            params = dict(parse_qsl(self.rfile.read(int(self.headers["content-length"] or 0)).decode()))
            answer = double.asked(
                self.path, params, self.headers.get("idempotency-key"), self.headers.get("stripe-account")
            )
            if answer is None:
                self.close_connection = True
                return None
            return self._answer(*answer)

        def _answer(self, status, document):
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
        thread.start()
        double.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield double
        finally:
            server.shutdown()
            thread.join()
