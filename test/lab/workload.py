"""A container that has one of each: a zombie, a stopped process, threads, changed files."""

import os
import signal
import threading
import time

if os.fork() == 0:
    os._exit(7)

stopped = os.fork()
if stopped == 0:
    while True:
        time.sleep(100)
os.kill(stopped, signal.SIGSTOP)

for _ in range(3):
    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()

os.makedirs("/srv/new/deep", exist_ok=True)
with open("/srv/new/deep/file with blank", "w", encoding="utf-8") as file:
    file.write("content")
os.chmod("/srv/new/deep/file with blank", 0o4755)
os.remove("/etc/obsolete.conf")
with open("/mnt/volume/kept", "w", encoding="utf-8") as file:
    file.write("on a volume")
with open("/mnt/scratch/kept", "w", encoding="utf-8") as file:
    file.write("on a tmpfs")

while True:
    time.sleep(100)
