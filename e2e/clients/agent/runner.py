"""Runs the programs of waldur-site-agent, unmodified, each in a process of its own.

Importing the client costs seconds, so it is done once here and every program is a fork. A line of JSON on stdin starts
one: {"run": "waldur_site_agent", "args": […], "env": {…}, "log": path}. Lines on stdout tell what becomes of it:
{"started": pid}, {"idle": pid} when a mode has made its pass and sleeps until the next, {"ended": pid, "code": n}.
Stdin's end ends the runner; what still runs is the caller's to end.
"""

import importlib.metadata
import json
import os
import select
import signal
import sys
import time

# What the forks share; an import of theirs would cost each of them.
import waldur_site_agent.main  # noqa: F401
import waldur_site_agent_slurm.backend  # noqa: F401

scripts = {s.name: s for s in importlib.metadata.entry_points(group="console_scripts")}
for name in ("waldur_site_diagnostics", "waldur_site_healthz", "waldur_site_load_historical_usage", "waldur_site_diagnose_slurm_account"):
    scripts[name].load()


def tell(**what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def child(task, idle):
    """Becomes the program. Its long sleep is announced before it is slept, and changed in nothing else."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(task["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for to, fd in ((null, 0), (log, 1), (log, 2)):
        os.dup2(to, fd)
    os.environ.update(task.get("env", {}))
    import tempfile

    tempfile.tempdir = task.get("env", {}).get("TMPDIR")
    sys.argv = [task["run"], *task["args"]]
    sleep = time.sleep

    def announced(seconds):
        if seconds >= 30:
            os.write(idle, b"%d\n" % os.getpid())
        sleep(seconds)

    time.sleep = announced
    code = 1
    try:
        code = scripts[task["run"]].load()()
        code = 0 if code is None or code is True else 1 if code is False else int(code)
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else 0 if e.code is None else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main():
    idle, announce = os.pipe()
    woken, wake = os.pipe()
    for fd in (woken, wake):
        os.set_blocking(fd, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    tell(ready=os.getpid())
    pending = b""
    while True:
        ready, _, _ = select.select([0, idle, woken], [], [])
        if idle in ready:
            for pid in os.read(idle, 4096).split():
                tell(idle=int(pid))
        if woken in ready:
            os.read(woken, 4096)
            while True:
                try:
                    pid, status = os.waitpid(-1, os.WNOHANG)
                except ChildProcessError:
                    break
                if pid == 0:
                    break
                tell(ended=pid, code=os.waitstatus_to_exitcode(status))
        if 0 in ready:
            more = os.read(0, 65536)
            if not more:
                return
            *lines, pending = (pending + more).split(b"\n")
            for line in lines:
                task = json.loads(line)
                pid = os.fork()
                if pid == 0:
                    child(task, announce)
                tell(started=pid)


main()
