"""Countries and makers: what a telegram's version and header reveal about its meter."""

from __future__ import annotations

DUTCH = ("40", "42", "50")


def is_belgian(version: str | None) -> bool:
    """Whether a telegram's version is Belgian: 502 and two digits (e-MUCS P1 1.7.1, table 4)."""
    return version is not None and len(version) == 5 and version.startswith("502")


def tariff_names(version: str | None, has_total: bool) -> dict[int, str]:
    """The names of tariffs 1 and 2: low and normal in the Netherlands, day and night in Belgium.

    P1 5.0.2 section 7.1; e-MUCS P1 1.7.1 note 2. A version of five digits is Belgian or Swiss;
    others use the Dutch version numbers beside a register of all tariffs.
    """
    if version is not None and len(version) == 5:
        return {1: "day", 2: "night"}
    if version in DUTCH and not has_total:
        return {1: "low", 2: "normal"}
    return {}


# The three letters with which a telegram begins: the maker's in the FLAG association's list, or a
# grid operator's own (Belgium's FLU, Lithuania's ESO, Luxembourg's LUX, Sweden's ELL).
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
    "LGF": "Landis+Gyr",
    "LGZ": "Landis+Gyr",
    "LUX": "Luxembourg's Smarty",
    "SAG": "Sagemcom",
    "XMX": "Landis+Gyr",
}
COUNTRIES = {
    "ELL": "Sweden",
    "ESO": "Lithuania",
    "EST": "Austria",
    "FLU": "Belgium",
    "LUX": "Luxembourg",
}


def maker(header: str) -> str:
    """The maker that a header names."""
    return MAKERS.get(header[:3].upper(), header[:3] or "unknown maker")


def country(header: str, version: str | None, has_total: bool) -> str | None:
    """The country that a meter was made for; None if its telegram doesn't show it."""
    known = COUNTRIES.get(header[:3].upper())
    is_dutch = version in DUTCH and not has_total
    return known or ("the Netherlands" if is_dutch else None)
