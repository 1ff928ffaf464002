"""What the benches of whole commands share: a command's cost measured by wait4, sizes, and what machine this is."""

import argparse
import ctypes
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = pathlib.Path(os.environ.get("BULLA_PEERS_DIR") or pathlib.Path.home() / ".cache/bulla-peers")
MIB, GIB = 1 << 20, 1 << 30


class Failed(Exception):
    """A command did not do what it was asked."""


class Cost:
    """What one run of a command took."""

    def __init__(self, wall, usage):
        self.wall, self.cpu, self.memory = wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
        self.user = usage.ru_utime


def adopt():
    """Makes this process the parent of its orphaned grandchildren (prctl PR_SET_CHILD_SUBREAPER), for `timed`."""
    if ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0) != 0:
        raise Failed("prctl PR_SET_CHILD_SUBREAPER: " + os.strerror(ctypes.get_errno()))


def timed(command, env=None):
    """Runs a command without input or output; gives its cost, measured by wait4.

    A child's peak memory counts from before its exec, so a child of this program would show this program's. A shell
    forks it instead, says its number and ends; then the command is ours to start and to wait for.
    """
    steps = 'exec 3<&0; { read -r go <&3 || exit 1; exec "$@" 3<&- </dev/null >/dev/null; } & echo $!'
    wait, go = os.pipe()
    read, write = os.pipe()
    with tempfile.TemporaryFile() as errors, open(read, encoding="ascii") as number:
        actions = [
            (os.POSIX_SPAWN_DUP2, wait, 0),
            (os.POSIX_SPAWN_DUP2, write, 1),
            (os.POSIX_SPAWN_DUP2, errors.fileno(), 2),
        ]
        shell = os.posix_spawnp("sh", ["sh", "-c", steps, "sh", *command], {**os.environ, **(env or {})},
                                file_actions=actions)
        os.close(wait)
        os.close(write)
        child = int(number.readline())
        os.waitpid(shell, 0)
        start = time.perf_counter()
        os.write(go, b"go\n")
        _, status, usage = os.wait4(child, 0)
        wall = time.perf_counter() - start
        os.close(go)
        if os.waitstatus_to_exitcode(status) != 0:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines()
            reason = said[-1][:160] if said else "silent"
            raise Failed(f"exit {os.waitstatus_to_exitcode(status)}: {reason}")
    return Cost(wall, usage)


def output(command, env=None):
    """What a set-up command prints."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True, text=True,
                              env={**os.environ, **(env or {})})
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        raise Failed(f"{' '.join(map(str, command[:2]))}: {said.strip()[:200]}") from error
    return done.stdout.strip()


def size_of(text):
    """Bytes in `64M`, `1G`, `4096`."""
    units = {"K": 1 << 10, "M": MIB, "G": GIB}
    try:
        size = int(text[:-1]) * units[text[-1].upper()] if text[-1:].upper() in units else int(text)
    except ValueError:
        size = -1
    if size < 0:
        raise argparse.ArgumentTypeError(f"{text} is no size; write 64M, 1G or a number of bytes")
    return size


def available_memory():
    for line in open("/proc/meminfo", encoding="ascii"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def room(folder, is_memory):
    """Bytes that may be written there."""
    free = shutil.disk_usage(folder).free
    return min(free, available_memory()) if is_memory else free


def machine():
    """CPU, cores, memory, kernel."""
    lines = open("/proc/cpuinfo", encoding="utf-8").read().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = next(int(line.split()[1]) for line in open("/proc/meminfo", encoding="ascii") if line.startswith("MemTotal"))
    cores = len(os.sched_getaffinity(0))
    return f"{model}, {cores} cores, {memory / (1 << 20):.1f} GiB, {platform.system()} {platform.release()}"


def build(*features, folder=ROOT, name="bulla"):
    """Builds a command for release; gives its path."""
    environment = {**os.environ, "CARGO_TERM_COLOR": "never"}
    more = ["--features", ",".join(features)] if features else []
    subprocess.run(["cargo", "build", "--release", "--locked", *more], cwd=folder, check=True, env=environment,
                   stdout=sys.stderr)
    target = os.environ.get("CARGO_TARGET_DIR") or "target"
    return (folder / target / "release" / name).resolve()


def remove(path):
    """Removes a file or folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
