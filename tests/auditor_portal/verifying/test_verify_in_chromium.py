"""The page that verifies as an auditor meets it: with the keyboard, without a request, narrow, dark, from a disk."""

import pytest

from tests.auditor_portal.portal import ENGAGEMENT, served
from tests.auditor_portal.verifying.paper_cases import KEY_LINE, portal_workpaper, workpaper
from tests.browser import barriers, chromium, on_a_port, overflow, shoot
from tests.evidence import logs
from tests.evidence.lies import sample

pytestmark = pytest.mark.slow

PAGE = f"/e/{ENGAGEMENT}/verify"
WIDTHS = (1280, 768, 320)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """What an auditor may have: each by its name."""
    directory = tmp_path_factory.mktemp("files")
    log = sample()
    chain = log.chains[0]
    proof = log.proof(chain, 4)
    made = {
        "soc2.zip": workpaper(directory),
        "paper.vkey": KEY_LINE.encode(),
        "log.vkey": logs.SIGNER.key_file,
        "witness.vkey": logs.WITNESS.witness_file,
        "record.tlog-proof": proof,
        "changed.tlog-proof": proof.replace(b"index ", b"index 1"),
        "record.json": chain.lines[4],
        "receipt.note": log.receipt((chain, 4)),
        "checkpoint.note": log.objects["log/checkpoints/000000000001.note"],
        "cosignature.txt": log.objects[log.cosign(1)],
        "checkpoint.tsr": log.objects[log.stamp(1)],
        "seal.note": log.objects[chain.seal_key(1)],
        "segment.jsonl": log.objects[chain.segment_key(1)],
        "photo.png": b"\x89PNG\r\n\x1a\n",
    }
    portal_workpaper(directory)
    for name, data in made.items():
        (directory / name).write_bytes(data)
    return directory


def choose(page, key, *paths):
    """Open the dialogue of a field with a key, and choose files in it."""
    with page.expect_file_chooser() as chooser:
        page.keyboard.press(key)
    chooser.value.set_files([str(path) for path in paths])


def found(page):
    """Return what the page says of each file: name, how it stands."""
    page.wait_for_function("document.getElementById('verify-work').hidden")
    cards = page.locator("article.verify-result")
    return [(each.locator(".verify-name").inner_text(), each.locator(".tag").inner_text()) for each in cards.all()]


def look(page, name):
    """Look at the page at three widths; return what keeps people out."""
    wrong = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if overflow(page):
            wrong.append(f"wider than {width}")
        shoot(page, f"{name}-{width}")
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    return [*wrong, *barriers(page)]


def test_a_workpaper_by_keyboard_and_nothing_is_asked(portal_url, files):
    noise, asked = [], []
    with served(portal_url) as portal, on_a_port(portal.app) as url, chromium() as page:
        portal.auditor()
        page.on("console", lambda message: noise.append(message.text))
        page.goto(url + PAGE)
        page.locator("#verify-key").wait_for()
        page.on("request", lambda request: asked.append(request.url))
        page.locator("#verify-key").focus()
        page.keyboard.insert_text((files / "paper.vkey").read_text())
        for _ in range(2):  # past the witnesses
            page.keyboard.press("Tab")
        choose(page, "Space", files / "soc2.zip")
        page.get_by_text("1 file looked at: 1 holds.").wait_for()
        assert found(page) == [("soc2.zip", "Holds")]
        assert page.get_by_text("The sample of access-review/reviewed was drawn again").is_visible()
        assert look(page, "verify-holds") == []
        page.locator("#verify-key").fill(logs.Signer(seed=b"\x09" * 32).key_file.decode())
        page.get_by_role("button", name="Verify again").press("Enter")
        page.get_by_text("1 file looked at: 1 does not hold.").wait_for()
        assert page.locator(".notice code").all_inner_texts() == ["bad-signature", "MANIFEST.note"]
        page.locator("#verify-key").fill("no key")
        page.get_by_role("button", name="Verify again").press("Enter")
        page.get_by_text("A key is not one: nothing was verified.").wait_for()
        assert page.locator("#verify-key").get_attribute("aria-invalid") == "true"
        page.get_by_role("button", name="Forget all of it").press("Enter")
        page.get_by_text("Nothing is kept.").wait_for()
        assert page.locator("#verify-given").is_hidden()
        assert look(page, "verify-empty") == []
    assert (asked, noise) == ([], [])


DROP = """(place, [name, text]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], name));
  const how = { dataTransfer, cancelable: true, bubbles: true };
  for (const kind of ["dragenter", "drop"]) {
    if (place.dispatchEvent(new DragEvent(kind, how))) throw new Error("the browser would open the file");
  }
}"""
ALL = [
    ("changed.tlog-proof", "Does not hold"),
    ("photo.png", "Cannot be read"),
    ("record.tlog-proof", "Holds"),
    ("record.json", "Holds"),
    ("receipt.note", "Holds"),
    ("checkpoint.note", "Holds"),
    ("cosignature.txt", "Holds"),
    ("checkpoint.tsr", "Holds"),
    ("seal.note", "Holds"),
    ("segment.jsonl", "Holds"),
]


def test_everything_else_from_a_page_on_a_disk(portal_url, files):
    """The file that was saved, opened without a server: what does not hold comes first."""
    with served(portal_url) as portal:
        saved = files / "verify-evidence.html"
        saved.write_bytes(portal.auditor().get(f"{PAGE}/verify-evidence.html").data)
    noise, asked = [], []
    with chromium(dark=True) as page:
        page.context.unroute_all()
        page.on("console", lambda message: noise.append(message.text))
        page.goto(saved.as_uri())
        page.locator("#verify-key").wait_for()
        page.on("request", lambda request: asked.append(request.url))
        names = [*dict(ALL), "log.vkey", "witness.vkey"]
        page.locator("#verify-choose").set_input_files([str(files / name) for name in names])
        page.get_by_text("10 files looked at: 1 does not hold, 1 cannot be read, 8 holds.").wait_for()
        assert found(page) == ALL
        assert page.locator("#verify-key").input_value() == logs.SIGNER.key_file.decode().strip()
        assert look(page, "verify-saved-dark") == []
        page.get_by_role("button", name="Forget all of it").press("Enter")
        page.locator("#verify-key").fill(KEY_LINE)
        page.locator("#verify-folder").set_input_files(files / "portal")
        page.get_by_text("1 file looked at: 1 holds.").wait_for()
        assert page.get_by_text("1 sample of the auditor's own").is_visible()
        page.locator("h1").evaluate(DROP, ["</script><img src=x onerror=alert(1)>.txt", "no evidence"])
        page.get_by_text("2 files looked at: 1 cannot be read, 1 holds.").wait_for()
        assert found(page)[0] == ("</script><img src=x onerror=alert(1)>.txt", "Cannot be read")
    assert (asked, noise) == ([], [])
