"""Flag over environment over file over default, and words for what doesn't fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from slimmemeter.errors import UsageError
from slimmemeter.settings import SETTINGS, Settings


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    """Each source counts where the ones before it are silent."""
    file = tmp_path / "slimmemeter"
    file.write_text("# the house\nSLIMMEMETER_PORT='/dev/file'\nSLIMMEMETER_TIMEOUT=7\n")
    environ = {"SLIMMEMETER_PORT": "/dev/environment"}
    settings = Settings({"--port": "/dev/flag"}, environ, str(file))
    assert (settings.port, settings.timeout_s, settings.line) == ("/dev/flag", 7, "115200-8N1")
    assert Settings({}, environ, str(file)).port == "/dev/environment"
    assert Settings({}, {}, str(file)).port == "/dev/file"
    assert Settings({}, {"SLIMMEMETER_PORT": ""}, str(file)).port == "/dev/file"
    assert Settings({}, {}, "/nonexistent").port == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("SLIMMEMETER_TIMEOUT", text) for text in ("0", "241", "-1", "1.5", "²", "soon")),
        *(("SLIMMEMETER_LISTEN", text) for text in ("8765", "*:", ":1", "*:99999", "*:http")),
        ("SLIMMEMETER_LINE", "9600"),
    ],
)
def test_value_that_does_not_fit_is_told(name: str, text: str) -> None:
    """The sentence names the variable, its value and what it must be."""
    with pytest.raises(UsageError, match=f"{name} is '{text}'".replace("*", r"\*")):
        Settings({}, {name: text}, "/nonexistent")


def test_wrong_line_of_the_file_is_told_with_the_file(tmp_path: Path) -> None:
    """So that a person looks in the right place."""
    file = tmp_path / "slimmemeter"
    file.write_text("SLIMMEMETER_LINE=fast\n")
    with pytest.raises(UsageError, match=str(file)):
        Settings({}, {}, str(file))


@pytest.mark.parametrize(
    ("zone", "offset_s"),
    [("Europe/Amsterdam", 3600), ("Europe/Helsinki", 7200), ("Australia/Sydney", 36000)],
)
def test_winter_offset(zone: str, offset_s: int) -> None:
    """A stamp's W is the zone's standard time, on both halves of the globe."""
    assert Settings({}, {"SLIMMEMETER_TZ": zone}, "/nonexistent").winter_offset_s() == offset_s


def test_every_setting_is_in_the_readme() -> None:
    """Name and default stand there."""
    readme = Path(__file__).parent.parent.joinpath("README.md").read_text()
    for setting in SETTINGS:
        assert f"`{setting.name}`" in readme
        assert setting.default in readme
