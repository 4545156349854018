"""Where the results of sweeps are kept: an SQLite file, or a database of a PostgreSQL server."""

from hwdse.explore.database.base import Database as Database
from hwdse.explore.database.place import STORE_NAME as STORE_NAME
from hwdse.explore.database.place import Place as Place
from hwdse.explore.database.place import database_at as database_at
from hwdse.explore.database.tables import Tables as Tables
