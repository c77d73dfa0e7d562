"""The embedded PostgreSQL: a real server below the data directory, for first runs, small installations and tests.

The process that calls `start` owns the server. It should `stop` it in its lifespan or signal handler; should the owner be
killed instead, the kernel tells the server (Linux with setpriv), or a watcher process does. Every part of
PostgreSQL that is run comes from `binaries`, every program is started by `children`, every file outside
PostgreSQL's own directory is named in `place`, and `locks` decides what is alive.
"""

from service.embedded.lifecycle import Cluster, is_running, remove, start, stop
from service.embedded.problems import EmbeddedProblem

__all__ = ["Cluster", "EmbeddedProblem", "is_running", "remove", "start", "stop"]
