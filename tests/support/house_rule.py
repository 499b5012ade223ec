"""The rule of imports: which package may use which, and which library has which one door."""

# What each package may import of the others; a program may import any of them.
PACKAGES = {
    "p1": "",
    "line": "p1",
    "store": "p1",
    "history": "store p1",
    "money": "history store p1",
    "i18n": "history store p1",
    "charts": "i18n history store",
    "publish": "money history store p1",
    "web": "charts i18n money history store p1",
    "transfer": "money history store p1",
    "doctor": "history line store p1",
    "demo": "web store p1",
}
# The same inside of `money`.
MONEY = {
    "remarks": "",
    "usage": "",
    "market": "usage",
    "contract": "remarks",
    "billing": "contract market remarks usage",
    "what_if": "billing contract market usage",
    "output": "what_if billing contract usage",
    "commands": "output what_if billing contract usage",
}
GROUND = {
    "errors",
    "settings",
    "settings_table",
    "zones",
    "clock",
    "status",
    "process",
    "notify",
    "progress",
}  # may be imported by every package
DOORS = {
    "tqdm": "progress",
    "serial": "line.port",
    "sqlite3": "store",
    "matplotlib": "charts",
    "numpy": "charts",
    "tomllib": "money",
    "psycopg": "publish.postgresql",
    "paho": "publish.mqtt",
    "PIL": "charts.canvas",
    "flask": "web",
    "babel": "i18n.language",
    "waitress": "web.server web.connections",
}
