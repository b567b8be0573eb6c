"""What a run needs of the machine: libraries that it lacks, the driver's description, its name."""

import json
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

# Folders where drivers put their descriptions, that the loader knows; and one that containers mount instead.
KNOWN = ["/etc/vulkan/icd.d", "/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"]
MOUNTED = ["/usr/local/nvidia/share/vulkan/icd.d"]
NVIDIA = "libGLX_nvidia.so.0"
QUERY = ["name", "driver_version", "memory.total", "clocks.max.sm", "clocks.max.mem", "power.limit"]


def environment(kit: Path, work: Path) -> dict:
    """The environment of the programs: the kit's libraries where the system has none of that name, and a driver."""
    env = dict(os.environ)
    # Mesa complains where there is none.
    env.setdefault("XDG_RUNTIME_DIR", str(work))
    bundled = kit / "lib"
    if bundled.is_dir():
        env["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, [env.get("LD_LIBRARY_PATH"), str(missing_libraries(bundled, work))]))
    if "VK_DRIVER_FILES" not in env and "VK_ICD_FILENAMES" not in env:
        driver = driver_description(work)
        if driver:
            env["VK_DRIVER_FILES"] = driver
    return env


def missing_libraries(bundled: Path, work: Path) -> Path:
    """A folder of links. The system's own libraries come first: its driver may need newer ones than the kit's."""
    links = work / "lib"
    shutil.rmtree(links, ignore_errors=True)
    links.mkdir(parents=True)
    known = known_libraries()
    for library in sorted(bundled.iterdir()):
        if library.name not in known:
            (links / library.name).symlink_to(library)
    return links


def known_libraries() -> set:
    for command in ("ldconfig", "/sbin/ldconfig", "/usr/sbin/ldconfig"):
        try:
            out = subprocess.run([command, "-p"], capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            continue
        return {line.split()[0] for line in out.splitlines() if "x86-64" in line}
    return set()


def driver_description(work: Path) -> "str | None":
    """A driver that the loader would not find by itself: where containers mount it, or a library without a description."""
    if any(list(Path(folder).glob("*.json")) for folder in KNOWN):
        return None
    mounted = [str(path) for folder in MOUNTED for path in sorted(Path(folder).glob("*.json"))]
    if mounted:
        return os.pathsep.join(mounted)
    if NVIDIA not in known_libraries():
        return None
    path = work / "nvidia_icd.json"
    path.write_text(json.dumps({"file_format_version": "1.0.1", "ICD": {"library_path": NVIDIA, "api_version": "1.3.277"}}))
    return str(path)


def describe() -> dict:
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu": cpu_name(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": memory(),
        "python": platform.python_version(),
        "nvidia_smi": nvidia_smi(),
    }


def cpu_name() -> str:
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor()


def memory() -> "int | None":
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def nvidia_smi() -> "list | None":
    """What NVIDIA's tool says of each card, where it is there."""
    try:
        out = subprocess.run(["nvidia-smi", f"--query-gpu={','.join(QUERY)}", "--format=csv,noheader"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return [dict(zip(QUERY, line.split(", "))) for line in out.stdout.splitlines() if line.strip()]
