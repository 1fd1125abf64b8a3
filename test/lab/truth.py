"""What /proc says of a container's processes just before the dump. Usage: truth.py HOST_PID"""

import json
import os
import sys


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def strings(path):
    content = read(path).decode("utf-8", "replace")
    return content[:-1].split("\0") if content else []


def status_of(pid):
    lines = read(f"/proc/{pid}/status").decode().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def link(path):
    try:
        return os.readlink(path)
    except OSError:
        return None


def describe(pid):
    status = status_of(pid)
    return {
        "pid": int(status["NSpid"].split()[-1]),
        "comm": status["Name"],
        "state": status["State"].split()[0],
        "uid": status["Uid"],
        "gid": status["Gid"],
        "cmdline": strings(f"/proc/{pid}/cmdline"),
        "environ": strings(f"/proc/{pid}/environ"),
        "cwd": link(f"/proc/{pid}/cwd"),
        "exe": link(f"/proc/{pid}/exe"),
        "threads": sorted(int(status_of(tid)["NSpid"].split()[-1]) for tid in os.listdir(f"/proc/{pid}/task")),
        "mountinfo": read(f"/proc/{pid}/mountinfo").decode("utf-8", "replace").splitlines(),
    }


def tree(pid):
    found = [describe(pid)]
    for task in os.listdir(f"/proc/{pid}/task"):
        for child in read(f"/proc/{pid}/task/{task}/children").split():
            found += tree(child.decode())
    return found


json.dump(tree(sys.argv[1]), sys.stdout)
