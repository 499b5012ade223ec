"""The language of a request: its texts, its numbers, its dates. Babel stands behind this module.

A request chooses its language with `use`; all texts made in the same thread are in it from then on.
"""

from __future__ import annotations

import os
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import get_decimal_symbol, get_group_symbol
from babel.support import NullTranslations, Translations
from jinja2 import Environment

from slimmemeter import settings_table

TRANSLATIONS = f"{os.path.dirname(os.path.abspath(__file__))}/translations"
LANGUAGES = {
    code: str(Locale(code).get_display_name()).capitalize() for code in settings_table.languages()
}  # each language's code and its own name
_code: ContextVar[str] = ContextVar("language", default=settings_table.OWN_LANGUAGE)


def use(code: str) -> None:
    """Choose one of `LANGUAGES` for what this thread makes from now on."""
    _code.set(code)


def current() -> str:
    """The code of the language in use."""
    return _code.get()


@lru_cache
def _locale(code: str) -> Locale:
    return Locale(code)


@lru_cache
def _texts(code: str) -> NullTranslations:
    return Translations.load(TRANSLATIONS, [code])


def gettext(text: str, /, **values: object) -> str:
    """An English text in the language in use, with `values` in place of its `%(name)s`."""
    return _filled(_texts(current()).gettext(text), values)


def ngettext(one: str, many: str, num: int) -> str:
    """The text that fits a number, which stands in it as `%(num)d`."""
    return _filled(_texts(current()).ngettext(one, many, num), {"num": num})


def pgettext(context: str, text: str) -> str:
    """A text that this context has its own translation for."""
    return str(_texts(current()).pgettext(context, text))


def translate(templates: Environment) -> None:
    """Let the templates of an environment use it too, by `_('text')`."""
    templates.add_extension("jinja2.ext.i18n")
    install = templates.install_gettext_callables  # type: ignore[attr-defined]
    install(gettext, ngettext, newstyle=True, pgettext=pgettext)


def _filled(text: str, values: dict[str, object]) -> str:
    return text % values if values else text


def decimal(value: float, decimals: int) -> str:
    """A number with that many decimals, as people of this language write it."""
    # Babel's own way to format takes ten times as long, and a month's page has hundreds of numbers.
    return f"{Decimal(str(value)):,.{decimals}f}".translate(_separators(current()))


@lru_cache
def _separators(code: str) -> dict[int, str]:
    return str.maketrans({",": get_group_symbol(code), ".": get_decimal_symbol(code)})


def day(moment: date, form: str) -> str:
    """A day in a form of Unicode's (UTS 35), such as `d MMM yyyy`."""
    return format_date(moment, form, _locale(current()))


def moment(local: datetime, form: str) -> str:
    """A local time in a form of Unicode's (UTS 35), such as `HH:mm`."""
    return format_datetime(local, form, locale=_locale(current()))
