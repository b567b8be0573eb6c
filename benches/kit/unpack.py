"""Checks the parts of the kit, unpacks them beside themselves once, and runs what is inside."""

import hashlib
import io
import json
import os
import platform
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHUNK = 1 << 20


class JoinedParts(io.RawIOBase):
    """The parts as one file, read from the beginning to the end."""

    def __init__(self, paths: list):
        self.paths, self.file = list(paths), None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while True:
            if self.file is None:
                if not self.paths:
                    return 0
                self.file = self.paths.pop(0).open("rb")
            count = self.file.readinto(buffer)
            if count:
                return count
            self.file.close()
            self.file = None


def fail(message: str):
    sys.exit(f"run.sh: {message}")


def check(parts: list) -> None:
    missing = [part["name"] for part in parts if not (HERE / part["name"]).is_file()]
    if missing:
        fail(f"{', '.join(missing)} of {len(parts)} parts {'is' if len(missing) == 1 else 'are'} not here; put all of them beside run.sh")
    for part in parts:
        digest = hashlib.sha256()
        with (HERE / part["name"]).open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        if digest.hexdigest() != part["sha256"]:
            fail(f"{part['name']} is damaged ({(HERE / part['name']).stat().st_size} bytes instead of {part['bytes']}, or others); copy it again")


def check_system(manifest: dict) -> None:
    wanted = manifest.get("glibc")
    if not wanted:
        return
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64"):
        fail(f"the programs inside are for x86-64 Linux, and this is {platform.machine()} {sys.platform}")
    numbers = lambda version: [int(number) for number in version.split(".")]
    name, here = platform.libc_ver()
    if name == "glibc" and numbers(here) < numbers(wanted):
        fail(f"the programs inside need glibc {wanted} or newer, and this system has {here}; pack the kit on an older system")


def unpack(manifest: dict) -> Path:
    folder = HERE / f"kit-{manifest['id']}"
    if folder.is_dir():
        return folder
    check(manifest["parts"])
    print(f"Unpacking {sum(part['bytes'] for part in manifest['parts']) / 2**20:.0f} MiB to {folder}", flush=True)
    # Unpacked under another name first, so that an interrupted run leaves nothing that looks whole.
    unfinished = HERE / f".kit-{os.getpid()}"
    unfinished.mkdir()
    joined = io.BufferedReader(JoinedParts([HERE / part["name"] for part in manifest["parts"]]), CHUNK)
    with tarfile.open(fileobj=joined, mode=f"r|{manifest['compression']}") as archive:
        archive.extractall(unfinished, **({"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}))
    unfinished.rename(folder)
    return folder


def main() -> None:
    manifest = json.loads((HERE / "manifest.json").read_text())
    check_system(manifest)
    folder = unpack(manifest)
    script = str(folder / "kit.py")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, script, "--kit", str(folder), "--default-out", str(HERE), *sys.argv[1:]])


if __name__ == "__main__":
    main()
