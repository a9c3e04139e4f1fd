"""`omega frameworks`."""


def test_the_frameworks_are_listed(omega):
    ended = omega("frameworks", "list")

    assert (ended.code, ended.errors) == (0, "")
    assert any(line.split()[:2] == ["soc2", "61"] for line in ended.out.splitlines())


def test_they_are_listed_as_json(omega):
    [found] = [each for each in omega("frameworks", "list", "--json").json if each["id"] == "gdpr"]

    assert (found["items"], found["effective_from"]) == (45, "2018-05-25")
    assert "authorities" in found["scope"]


def test_the_items_of_one_are_shown_with_whose_words_they_are(omega):
    ended = omega("frameworks", "show", "eu-ai-act")

    assert ended.code == 0
    assert "licence: European Union law" in ended.out
    assert "to be checked: the dates of the Digital Omnibus" in ended.out
    assert any(line.startswith("Art.9 ") and "from 2027-12-02" in line for line in ended.out.splitlines())


def test_the_items_are_shown_as_json(omega):
    shown = omega("frameworks", "show", "eu-ai-act", "--json").json
    [found] = [each for each in shown["items"] if each["id"] == "Art.9"]

    assert (found["effective_from"], found["formerly"], found["unchecked"]) == ("2027-12-02", "2026-08-02", True)


def test_an_unknown_framework_is_refused_in_one_line(omega):
    ended = omega("frameworks", "show", "soc3")

    assert ended.code == 2
    assert ended.errors.startswith("omega: no framework `soc3`; there are ccpa, ")
    assert ended.errors.count("\n") == 1


def test_a_directory_with_a_file_that_is_no_catalog_is_refused(omega, tmp_path):
    (tmp_path / "own.yaml").write_text("id: Own")
    ended = omega("frameworks", "list", "--catalogs", str(tmp_path))

    assert ended.code == 2
    assert ended.errors == "omega: own.yaml: `groups` is an object\n"
