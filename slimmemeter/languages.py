"""The languages that pages speak, by their codes: each one's own name.

Babel looks up how they are related in 2 MB about all the world's, and would keep them. Here they
are read before all else and let go of, so that what is loaded next takes their place.
"""

from __future__ import annotations

from babel import Locale, core

from slimmemeter import settings

LANGUAGES = {
    code: str(Locale(code).get_display_name()).capitalize() for code in settings.languages()
}
core._global_data = None
