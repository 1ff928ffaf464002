"""Run a command at a terminal of its own, and answer all that it asks there with one text.

    at_a_terminal.py ANSWER COMMAND [ARGUMENT]...

Only the terminal (/dev/tty) is another: stdin, stdout and stderr are the caller's. The exit code is the command's.
"""

import fcntl
import os
import subprocess
import sys
import termios

MOST_QUESTIONS = 2  # a passphrase, and the same again

_, answer, *command = sys.argv
ours, theirs = os.openpty()
# They keep `theirs` open: a terminal that nobody has open is at its end.
take = lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
process = subprocess.Popen(command, start_new_session=True, preexec_fn=take, pass_fds=[theirs])
os.close(theirs)
said, asked = b"", 0
while True:
    try:
        said += os.read(ours, 4096)
    except OSError:  # Linux's way to say that they are gone
        break
    if said.endswith(b": "):
        asked += 1
        if asked > MOST_QUESTIONS:
            process.kill()
            break
        os.write(ours, answer.encode() + b"\n")
        said = b""
status = process.wait()
if status != 0:
    sys.stderr.write(f"at the terminal: {said.decode(errors='replace')}\n")
sys.exit(status if status >= 0 else 1)
