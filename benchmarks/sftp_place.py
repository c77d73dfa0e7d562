"""An SFTP server for benchmarks in a process of its own: it lets everybody in, below one folder, and tells its port and its key."""

import asyncio
import sys

import asyncssh


class Open(asyncssh.SSHServer):
    """No password, no key."""

    def begin_auth(self, username: str) -> bool:
        """Let the user in without more."""
        del username
        return False


async def main(root: str) -> None:
    """Serve until the process is ended."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.create_server(
        Open,
        "127.0.0.1",
        0,
        server_host_keys=[key],
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=root.encode()),
        allow_scp=False,
    )
    print(server.get_port(), key.export_public_key().decode().strip(), sep="\t", flush=True)
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
