"""Prints what a code block of the article really does in Flask: `python blocks.py s09`."""

import importlib.metadata
import logging
import sys
import warnings
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent
# Every section of the article registers its blocks when it is imported.
SECTIONS = ("basics", "settings", "examples", "customizing", "security", "backends", "applications")
USAGE = "Name one block, s01 to s31, or --list them, or --write FOLDER for all."
SKIPPED = 77  # the exit code by which test runners recognize a skipped test


def main(arguments):
    # Windows would print other bytes. Flask's log and the warnings are not part of a transcript.
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")

    if missing := other_versions():
        print(f"{sys.executable} has not what requirements.txt names: {', '.join(missing)}", file=sys.stderr)
        return SKIPPED
    for section in SECTIONS:
        import_module(section)
    record = import_module("record")

    if arguments == ["--list"]:
        print("\n".join(sorted(record.BLOCKS)))
    elif len(arguments) == 2 and arguments[0] == "--write":
        write_all(record, Path(arguments[1]))
    elif len(arguments) == 1 and arguments[0] in record.BLOCKS:
        try:
            print(record.transcript(arguments[0]), end="")
        except record.Missing as missing:
            print(f"{arguments[0]} cannot be tried here: {missing}", file=sys.stderr)
            return SKIPPED
    else:
        print(USAGE, file=sys.stderr)
        return 2
    return 0


def write_all(record, folder):
    """Writes a file for each experiment, under the first of its names, and reports those that cannot run here."""
    written = set()
    for name, experiment in sorted(record.BLOCKS.items()):
        if experiment in written:
            continue
        written.add(experiment)
        try:
            (folder / f"{name}.txt").write_bytes(record.transcript(name).encode())
        except record.Missing as missing:
            print(f"{name} cannot be tried here: {missing}", file=sys.stderr)


def other_versions():
    """Returns the pinned packages that are missing or have another version, whose behavior may differ."""
    found = []
    for line in (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines():
        pin, _, only_for = line.partition(";")
        name, _, version = pin.strip().partition("==")
        if not version or only_for:
            continue
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            installed = "none"
        if installed != version:
            found.append(f"{name} {version}")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
