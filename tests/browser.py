"""Chromium, driven by Playwright: one page for a test, and what keeps people out of it (axe-core).

Where there is no Chromium, tests that need it are skipped, and say so; in CI they fail. `make .venv/chromium` looks for
it, and installs Debian's where it may.
"""

import os
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SHOTS = os.environ.get("OMEGA_SCREENSHOTS")  # a directory: what the tests see is kept there


def chromium_path():
    """Return where Chromium is; the test is skipped, or fails in CI, where it is nowhere."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        said = "THE PAGES ARE NOT LOOKED AT: there is no Chromium; run `make .venv/chromium` as root"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(said)
    return found


@contextmanager
def chromium(*, dark=False, width=1280):
    """Yield a page in a browser of its own, which ends with the test. Nothing but 127.0.0.1 is asked."""
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        context = browser.new_context(
            color_scheme="dark" if dark else "light", viewport={"width": width, "height": 900}, reduced_motion="reduce"
        )
        context.route(lambda url: not url.startswith("http://127.0.0.1"), lambda route: route.abort())
        context.set_default_timeout(20_000)
        try:
            yield context.new_page()
        finally:
            context.close()
            browser.close()


def overflow(page):
    """Return how many pixels wider than its window a page is, once its style is there."""
    page.wait_for_load_state("load")
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def barriers(page):
    """Return what axe finds on a page, once its style is there: rules that are broken, and where."""
    page.wait_for_load_state("load")
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
    return [
        f"{page.url}: {each['id']}: {node['html'][:120]}"
        for each in found.response["violations"]
        for node in each["nodes"]
    ]


def shoot(page, name):
    """Keep a picture of a page, where OMEGA_SCREENSHOTS says."""
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=False)


@contextmanager
def on_a_port(app):
    """Serve a WSGI application, and yield its URL."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
