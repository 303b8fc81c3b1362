"""What the clients' tests share: the demo's keys, the operator's command line, and waiting with an end.

Only the standard library: each client runs in a virtual environment of its own.
"""

import json
import os
import subprocess
import threading
import time

env = os.environ

# A worker picks up a job within moments; what takes longer than this has got stuck.
PATIENCE = 60


def until(ready, what, within=PATIENCE, every=0.1):
    """Polls ready until it returns something true, and returns that."""
    end = time.monotonic() + within
    pause = threading.Event()
    while True:
        got = ready()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"not within {within} s: {what}")
        pause.wait(every)


def docket(*args):
    """Runs a verb as the operator, who is named by DOCKET_URL and DOCKET_TOKEN, and returns what it printed."""
    done = subprocess.run([env["DOCKET_BIN"], *args], capture_output=True, text=True)
    assert done.returncode == 0, f"docket {' '.join(args)}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def show(order):
    """One order as the native API tells it to the operator."""
    return json.loads(docket("order", "show", order, "--json"))
