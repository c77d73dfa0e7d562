"""Fuzz one target with coverage guidance: `python -m tests.hostile.fuzz TARGET CORPUS_FOLDER [libFuzzer options]`."""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["service"]):
    from tests.hostile.parsers import SEEDS, TARGETS


def main() -> None:
    name, folder, *options = sys.argv[1:]
    for number, seed in enumerate(SEEDS[name]):
        (Path(folder) / f"seed-{number}").write_bytes(seed.encode())
    atheris.Setup([sys.argv[0], folder, *options], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
