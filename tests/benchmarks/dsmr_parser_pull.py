"""The shortest pull on dsmr_parser: one telegram from a port into one row. PORT DATABASE."""

import sqlite3
import sys

from dsmr_parser.clients import SERIAL_SETTINGS_V5, SerialReader
from dsmr_parser.telegram_specifications import V5

telegram = next(SerialReader(sys.argv[1], SERIAL_SETTINGS_V5, V5).read())
registers = [telegram.ELECTRICITY_USED_TARIFF_1, telegram.ELECTRICITY_USED_TARIFF_2]
registers += [telegram.ELECTRICITY_DELIVERED_TARIFF_1, telegram.ELECTRICITY_DELIVERED_TARIFF_2]
registers += [telegram.CURRENT_ELECTRICITY_USAGE, telegram.MBUS_DEVICES[0].MBUS_METER_READING]
values = (telegram.P1_MESSAGE_TIMESTAMP.value.timestamp(), *(float(r.value) for r in registers))
with sqlite3.connect(sys.argv[2]) as database:
    database.execute("INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?, ?)", values)
