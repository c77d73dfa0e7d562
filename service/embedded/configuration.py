"""What the embedded server is configured with: `postgresql.conf` and `pg_hba.conf` as text."""

SUPERUSER = "postgres"
OWNER = "xinyong"
SERVER = "xinyong_server"
MEGABYTE = 1024 * 1024

HBA = """\
# Written at every start. The socket's directory admits only the account that runs the server (and root).
local all all trust
host  all all 127.0.0.1/32 scram-sha-256
"""


def postgresql_conf(
    *, socket_dir: str, hba_file: str, port: int, tcp: bool, durable: bool, memory: int, disk: int
) -> str:
    """Return the text of `postgresql.conf`; `memory` is what the machine has, `disk` what is free there, in bytes.

    With `tcp` the server listens on 127.0.0.1 too, for roles that have a password. Without `durable` a power failure
    may destroy the cluster. `ALTER SYSTEM` overrides all of it.
    """
    buffers = min(max(memory // 8 // MEGABYTE, 32), 512)
    # A large import writes its log once; every checkpoint in its midst would have all pages of the indexes logged anew.
    log = min(max(disk // 10 // MEGABYTE, 1024), 4096)
    values = {
        "listen_addresses": "127.0.0.1" if tcp else "",
        "port": str(port),
        "unix_socket_directories": '"' + socket_dir.replace('"', '""') + '"',
        "unix_socket_permissions": "0700",
        "hba_file": hba_file,
        "cluster_name": "xinyong",
        "max_connections": "100",
        "shared_buffers": f"{buffers}MB",
        "effective_cache_size": f"{max(memory // 2 // MEGABYTE, 64)}MB",
        "maintenance_work_mem": f"{min(buffers, 128)}MB",
        "work_mem": "16MB",
        "random_page_cost": "1.1",
        "max_wal_size": f"{log}MB",
        "checkpoint_timeout": "15min",
        # This build has pglz alone, which takes longer than writing what it saves.
        "wal_compression": "off",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "log_line_prefix": "%m [%p] %a ",
        # Statements and the "failing row" of an error may hold personal data: neither belongs in a log.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
    }
    if not durable:
        values |= {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "checkpoint_timeout": "30min",
        }
    lines = [f"{name} = '{_escaped(value)}'" for name, value in values.items()]
    return "\n".join(["# Written at every start; change a value with ALTER SYSTEM.", *lines, ""])


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
