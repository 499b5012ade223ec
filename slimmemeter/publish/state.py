"""What is so now, with what it costs if that is known: what a broker keeps for whoever comes."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from slimmemeter.errors import UsageError
from slimmemeter.history.now import now_json
from slimmemeter.money.billing import bill
from slimmemeter.money.contract import contracts_file
from slimmemeter.money.output import as_json
from slimmemeter.settings import Settings
from slimmemeter.store.records import StoredReading
from slimmemeter.store.snapshot import Snapshot


def state_of(house: Snapshot, settings: Settings, zone: ZoneInfo) -> dict[str, object]:
    """As of `/now.json`, without an age, and with `power_w`, which is below zero to the grid; empty
    in a house without readings of electricity."""
    newest = house.newest
    if newest is None:
        return {}
    state = now_json(house, newest, zone)
    power = newest.values.get("power_import_w"), newest.values.get("power_export_w")
    if power != (None, None):
        state["power_w"] = (power[0] or 0) - (power[1] or 0)
    return state | _money(house, newest, settings, zone)


def _money(
    house: Snapshot, newest: StoredReading, settings: Settings, zone: ZoneInfo
) -> dict[str, object]:
    """At the newest reading; nothing without contracts. The pages tell what is wrong with them."""
    try:
        contracts = contracts_file.read(settings.contracts_path)
    except UsageError:
        return {}
    if not contracts.contracts:
        return {}
    books = bill.books_of(house, contracts, zone, newest.taken_at)
    return as_json.now_json(books, newest.taken_at, newest.tariff)
