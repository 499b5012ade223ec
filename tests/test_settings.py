"""Flag over environment over file over default, and words for what doesn't fit."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimmemeter import zones
from slimmemeter.errors import UsageError
from slimmemeter.settings import Settings
from slimmemeter.settings_file import first_text, with_value
from slimmemeter.settings_table import SETTINGS


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    """A flag beats the environment, which beats the file, which beats the default."""
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
        pytest.param("SLIMMEMETER_LISTEN", f"*:{'9' * 5000}", id="a port of 5,000 digits"),
        ("SLIMMEMETER_LINE", "9600"),
    ],
)
def test_value_that_does_not_fit_is_refused(name: str, text: str) -> None:
    """A wrong value is refused with the variable, the value and what fits."""
    with pytest.raises(UsageError) as refused:
        Settings({}, {name: text}, "/nonexistent")
    assert str(refused.value).startswith(f"{name} is '{text[:60]}': it must be ")
    assert "integer string" not in str(refused.value)


def test_wrong_line_of_the_file_names_the_file(tmp_path: Path) -> None:
    """A wrong value of the settings file is refused with the file's name."""
    file = tmp_path / "slimmemeter"
    file.write_text("SLIMMEMETER_LINE=fast\n")
    with pytest.raises(UsageError, match=str(file)):
        Settings({}, {}, str(file))


@pytest.mark.parametrize(
    "line",
    [
        "SLIMMEMETER_PASSWORD=secret",
        "export SLIMMEMETER_PASSWORD=secret",
        "  export\tSLIMMEMETER_PASSWORD=secret",
        " SLIMMEMETER_PASSWORD = secret ",
        "SLIMMEMETER_PASSWORD='secret'\r",
        '\ufeffSLIMMEMETER_PASSWORD="secret"',
    ],
)
def test_line_that_a_shell_would_understand_is_understood(tmp_path: Path, line: str) -> None:
    """Blanks, `export`, quotes and the line ends of Windows don't lose a password."""
    file = tmp_path / "slimmemeter"
    file.write_text(f"{line}\n  # a comment\n\n")
    assert Settings({}, {}, str(file)).password == "secret"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("slimmemeter_password=secret", "sets slimmemeter_password, which is no setting: is it"),
        ("SLIMMEMETER_PASWORD=secret", "is it SLIMMEMETER_PASSWORD?"),
        ("SLIMMEMETER_PROT=/dev/x", "is it SLIMMEMETER_PORT?"),
        ("PASSWORD=secret", "sets PASSWORD, which is no setting"),
        ("; SLIMMEMETER_PASSWORD=secret", "which is no setting"),
        ("set SLIMMEMETER_PASSWORD=secret", "which is no setting"),
        ("SLIMMEMETER_PASSWORD:secret", "has no ="),
        ("SLIMMEMETER_PASSWORD secret", "has no ="),
    ],
)
def test_line_that_sets_nothing_is_refused(tmp_path: Path, line: str, words: str) -> None:
    """A slip of the pen is named by its line, and its secret isn't shown."""
    file = tmp_path / "slimmemeter"
    file.write_text(f"# the house\n{line}\n")
    with pytest.raises(UsageError, match=words.replace("?", "[?]")) as refused:
        Settings({}, {}, str(file))
    assert f"line 2 of {file} " in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["SLIMMEMETER_PROT", "slimmemeter_port"])
def test_unknown_variable_is_refused(name: str) -> None:
    """Also of the environment; the one that a command is given by this program is known."""
    with pytest.raises(UsageError, match=f"{name}, which is no setting: is it SLIMMEMETER_PORT[?]"):
        Settings({}, {name: "x"}, "/nonexistent")
    assert Settings({}, {"SLIMMEMETER_EXIT_CODE": "3"}, "/nonexistent").port == ""


def test_networks_are_networks() -> None:
    """A list of networks, or words about what it must be."""
    found = Settings({}, {"SLIMMEMETER_NETWORKS": "10.8.0.0/24, 2001:db8::/32"}, "/nonexistent")
    assert [str(each) for each in found.networks] == ["10.8.0.0/24", "2001:db8::/32"]
    with pytest.raises(UsageError, match="it must be networks, such as"):
        Settings({}, {"SLIMMEMETER_NETWORKS": "10.8.0.1/24"}, "/nonexistent")


@pytest.mark.parametrize(
    ("zone", "offset_s"),
    [("Europe/Amsterdam", 3600), ("Europe/Helsinki", 7200), ("Australia/Sydney", 36000)],
)
def test_winter_offset(zone: str, offset_s: int) -> None:
    """The winter offset is the zone's standard time, on both halves of the globe."""
    assert zones.winter_offset_s(zone) == offset_s


def test_quotes_around_a_value_are_not_of_it(tmp_path: Path) -> None:
    """Quotes around a whole value are removed, and others are kept."""
    file = tmp_path / "slimmemeter"
    for text, value in {
        "'mail -s \"The meter\" me'": 'mail -s "The meter" me',
        '"a b"': "a b",
        'curl "https://x/$Y"': 'curl "https://x/$Y"',
        '"/opt/my mail" "me"': '"/opt/my mail" "me"',
        "'": "'",
    }.items():
        file.write_text(f"SLIMMEMETER_ON_TROUBLE={text}\n")
        assert Settings({}, {}, str(file)).on_trouble == value


def test_first_file_has_every_setting(tmp_path: Path) -> None:
    """The first settings file has every setting, as a comment with its default."""
    file = tmp_path / "slimmemeter"
    file.write_text(with_value(first_text(), "SLIMMEMETER_PASSWORD", "scrypt:1$2$3"))
    assert {setting.name for setting in SETTINGS} == set(
        re.findall("SLIMMEMETER_\\w+", file.read_text())
    )
    settings, none = Settings({}, {}, str(file)), Settings({}, {}, "/nonexistent")
    assert settings.password == "scrypt:1$2$3"
    assert {**vars(settings), "password": ""} == vars(none)
    file.write_text(file.read_text().replace("\n#SLIMM", "\nSLIMM"))
    assert vars(Settings({}, {}, str(file))) == vars(settings)


NAME = "SLIMMEMETER_PASSWORD"
OTHER = st.sampled_from(
    ["", "# a comment", "SLIMMEMETER_LANG=nl", "export SLIMMEMETER_TZ = 'Europe/Brussels'"]
)
ITS = st.sampled_from([f"{NAME}=old", f"  export  {NAME} = old", f"#{NAME}=", f"# {NAME}=x"])


@given(lines=st.lists(OTHER | ITS), value=st.sampled_from(["scrypt:1$2$3", "other", None]))
def test_one_setting_is_changed_and_every_other_line_stays(
    lines: list[str], value: str | None
) -> None:
    """Wherever a setting stands, once or more often, it has the new value, and nothing else has."""
    text = with_value("".join(f"{line}\n" for line in lines), NAME, value)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text)
        file.flush()
        assert Settings({}, {}, file.name).password == (value or "")
    others = [line for line in lines if NAME not in line]
    assert [line for line in text.splitlines() if NAME not in line] == others
    assert with_value(text, NAME, value) == text
