"""Stands for the program `opa`: our own engine behind OPA's interface, which may be told to say something else.

    python opa_made.py version
    python opa_made.py run --server --skip-version-check --log-level error --addr unix://@NAME FOLDER

What it does otherwise stands in OPA_MADE: `flip` says the other answer, `fail` fails whatever is asked of many inputs,
`refuse` takes no policies, `slow` is not well when it is first asked, `sleep` never begins.
"""

import json
import os
import re
import socketserver
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from app.pdp.engine import Engine
from app.pdp.errors import EngineError

MODE = os.environ.get("OPA_MADE", "")


class Server(socketserver.UnixStreamServer):
    engine = None
    asked = 0


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked += 1
        self.answer(503 if MODE == "slow" and self.server.asked == 1 else 200, {})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v1/query":
            if MODE == "fail":
                self.answer(500, {"code": "internal_error"})
                return
            path = ".".join(re.findall(r'\["(\w+)"\]', asked["query"]))
            found = [(i, self.value(path, one)) for i, one in enumerate(asked["input"]["all"])]
            self.answer(200, {"result": [{"i": i, "x": value} for i, value in found if value is not None]})
            return
        path = self.path.removeprefix("/v1/data/").replace("/", ".")
        try:
            value = self.value(path, asked["input"])
        except EngineError:
            self.answer(500, {"code": "internal_error"})
        else:
            self.answer(200, {} if value is None else {"result": value})

    def value(self, path, given):
        result = json.loads(self.server.engine.evaluate(f"data.{path}", json.dumps(given))).get("result")
        value = result[0]["expressions"][0]["value"] if result else None
        if MODE == "flip" and isinstance(value, dict) and "allow" in value:
            value["allow"] = not value["allow"]
        return value

    def answer(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def address_string(self):
        return ""

    def log_message(self, *_):
        pass


def main():
    if sys.argv[1] == "version":
        sys.stdout.write("Version: 0.0.1\nBuild: made\n")
        return
    if MODE == "sleep":
        time.sleep(60)
    folder = Path(sys.argv[-1])
    if MODE == "refuse":
        sys.exit(f"1 error occurred: {folder}/rego/shop/sell.rego:3: rego_parse_error")
    modules = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.rego")}
    server = Server(f"\0{sys.argv[-2].removeprefix('unix://@')}", Handler)
    server.engine = Engine(modules, (folder / "data.json").read_text())
    server.serve_forever()


if __name__ == "__main__":
    main()
