"""Countries and makers: what a telegram's version and header reveal about its meter."""

from __future__ import annotations

from slimmemeter.p1.text import version_text

DUTCH = ("40", "42", "50")
DIGITS = 5  # of a version in 0-0:96.1.4, which only Belgian and some Swiss meters have


def is_belgian(version: str | None) -> bool:
    """Whether a telegram's version is Belgian.

    Fluvius' meters have 502 and two digits (e-MUCS P1 1.7.1, table 4), Iskra's in Wallonia others.
    """
    version = version_text((version or "").encode("ascii", "replace"))
    return len(version) == DIGITS and version.isdigit()


def tariff_names(version: str | None, has_total: bool) -> dict[int, str]:
    """The names of tariffs 1 and 2: low and normal in the Netherlands, day and night in Belgium.

    P1 5.0.2 section 7.1; e-MUCS P1 1.7.1 note 2. Others use the Dutch version numbers beside a
    register of all tariffs.
    """
    if is_belgian(version):
        return {1: "day", 2: "night"}
    if version in DUTCH and not has_total:
        return {1: "low", 2: "normal"}
    return {}


# The three characters with which a telegram begins: the maker's letters in the FLAG association's
# list, or others (Belgium's FLU, Lithuania's ESO, Luxembourg's LUX, Sweden's ELL).
MAKERS = {
    "ACE": "Itron",
    "ADN": "Aidon",
    "ELL": "Ellevio",
    "ENE": "Sagemcom",
    "ESY": "EasyMeter",
    "ESO": "Lithuania's ESO",
    "EST": "Sagemcom",
    "FLU": "Fluvius",
    "HLY": "Holley",
    "ISK": "Iskraemeco",
    "KAM": "Kamstrup",
    "KFM": "Kaifa",
    "KMP": "Kamstrup",
    "LG_": "Landis+Gyr",
    "LGF": "Landis+Gyr",
    "LGZ": "Landis+Gyr",
    "LUX": "Luxembourg's Smarty",
    "NWA": "WarmteLink",
    "SAG": "Sagemcom",
    "XMX": "Landis+Gyr",
}
COUNTRIES = {
    "ELL": "Sweden",
    "ESO": "Lithuania",
    "EST": "Austria",
    "FLU": "Belgium",
    "LUX": "Luxembourg",
    "NWA": "the Netherlands",
}


SWISS = "LGZ5\\2XT211"  # its version looks Belgian


def maker(header: str) -> str:
    """The maker that a header names."""
    letters = header[:3]
    return MAKERS.get(letters.upper(), letters if letters.isalpha() else "unknown maker")


def country(header: str, version: str | None, has_total: bool) -> str | None:
    """The country that a meter was made for; None if its telegram doesn't show it."""
    if is_belgian(version):
        return "Switzerland" if header.startswith(SWISS) else "Belgium"
    known = COUNTRIES.get(header[:3].upper())
    is_dutch = version in DUTCH and not has_total
    return known or ("the Netherlands" if is_dutch else None)
