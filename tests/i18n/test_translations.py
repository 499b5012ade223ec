"""Every text of the pages has its Dutch one, and no Dutch one is left over."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from support.pages import client_of
from support.paths import ROOT

PACKAGE = ROOT / "slimmemeter"
SOURCES = [("**.py", "python"), ("web/templates/**.html", "jinja2")]
CATALOGUES = sorted(PACKAGE.glob("i18n/translations/*/LC_MESSAGES/messages.po"))


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_catalogue_is_complete_and_compiled(path: Path) -> None:
    """Every text is translated, no translation is left over, and all are compiled."""
    with path.open("rb") as file:
        catalogue = {(each.id, each.context): each.string for each in read_po(file) if each.id}
    found = extract_from_dir(str(PACKAGE), SOURCES, {})
    texts = {(message, context) for _, _, message, _, context in found}
    assert texts - set(catalogue) == set(), f"not yet in {path}"
    assert set(catalogue) - texts == set(), f"no longer used, but still in {path}"
    with path.with_suffix(".mo").open("rb") as file:
        compiled = GNUTranslations(file)
    for (text, context), translation in catalogue.items():
        assert translation, text
        assert all(translation), text
        if isinstance(text, tuple):
            made: object = tuple(compiled.ngettext(*text, number) for number in (1, 2))
        else:
            made = compiled.pgettext(context, text) if context else compiled.gettext(text)
        assert made == translation, (
            "run: .venv/bin/pybabel compile -d slimmemeter/i18n/translations"
        )


def test_every_text_is_found() -> None:
    """None stands within an f-string, where Babel finds it with Python 3.12 and newer only."""
    for path in PACKAGE.rglob("*.py"):
        assert not re.search(r"\{[np]?gettext\(", path.read_text()), path


def test_language_is_a_folder(house_database: Path, tmp_path: Path) -> None:
    """A new folder of translations is a new language, without any other change."""
    package = tmp_path / "slimmemeter"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(package / "i18n/translations/nl", package / "i18n/translations/de")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from slimmemeter.settings import Settings; from slimmemeter.web.app import create_app;"
        "client = create_app(Settings({'--db': sys.argv[2]})).test_client();"
        "print(client.get('/years', headers={'Accept-Language': 'de'}).text)"
    )
    requested = [sys.executable, "-I", "-c", code, str(tmp_path), str(house_database)]
    page = subprocess.run(requested, capture_output=True, check=True, text=True).stdout
    assert '<html lang="de">' in page
    assert "Teruglevering" in page
    assert 'hreflang="nl">Nederlands</a>' in page


def test_pages_speak_the_language_of_the_browser(house_database: Path) -> None:
    """Pages follow the browser's language, unless a setting decides."""
    client = client_of(house_database)
    dutch = client.get("/month/2026-10", headers={"Accept-Language": "nl-BE,nl;q=0.9,en;q=0.5"})
    assert '<html lang="nl">' in dutch.text
    assert "Afname" in dutch.text
    assert "zo 25 okt" in dutch.text
    assert "Teruglevering" in dutch.text
    english = client.get("/month/2026-10", headers={"Accept-Language": "tlh"})
    assert '<html lang="en">' in english.text
    set_to = client_of(house_database, SLIMMEMETER_LANG="nl")
    assert '<html lang="nl">' in set_to.get("/years", headers={"Accept-Language": "en"}).text
    assert client.get("/nothing?lang=nl").text.count("Deze pagina bestaat hier niet.") == 1


def test_pictures_speak_it_too(house_database: Path) -> None:
    """Pictures are drawn in the language that is asked for."""
    client = client_of(house_database)
    dutch, english = (client.get(f"/day/2026-10-26/power.png?lang={x}").data for x in ("nl", "en"))
    assert dutch != english
