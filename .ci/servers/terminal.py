"""Runs a command on a terminal of its own and types answers: terminal.py LINES COMMAND...

LINES are separated by commas; each is typed when a prompt (a line that ends with a colon and a space) stands
on the terminal. What the terminal showed is printed; the exit code is the command's.
"""

import os
import pty
import select
import sys
import time

lines, command = sys.argv[1].split(","), sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
shown, typed, end = b"", 0, time.monotonic() + 30
while time.monotonic() < end:
    ready, _, _ = select.select([terminal], [], [], 1)
    if not ready:
        continue
    try:
        data = os.read(terminal, 4096)
    except OSError:
        break
    if not data:
        break
    shown += data
    if shown.endswith(b": ") and typed < len(lines):
        os.write(terminal, lines[typed].encode() + b"\n")
        typed += 1
sys.stdout.write(shown.decode(errors="replace"))
sys.stdout.flush()
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
