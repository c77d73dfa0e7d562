"""Run as a program: end the server PID when standard input closes, which happens when its owner ends in any way.

Only where the kernel has no death signal to offer. Standard input is a pipe whose other end the owner alone holds.
"""

import contextlib
import signal
import sys

import psutil  # type: ignore[import-untyped]  # stubs are not among the dependencies

if __name__ == "__main__":
    with contextlib.suppress(psutil.NoSuchProcess):
        server = psutil.Process(int(sys.argv[1]))
        sys.stdin.buffer.read()
        # psutil compares the time the process was made with the one it saw first: a pid used again gets no signal.
        server.send_signal(signal.SIGINT)
