# SPDX-License-Identifier: BSD-2-Clause
"""Holds one thread of a process still while all others run: what a watchdog must notice.

ptrace does it, because a stop signal would stop every thread. Linux takes a tracer's requests only
from the thread that began, so each hold is a thread of its own here: it seizes the target, stops
it, and then waits for whichever comes first, the release or the target's end. It must be the one
that waits, too: until a tracer has reaped a dead target, its real parent is not told.

Limits: needs root. A target that waits in a system call may find it interrupted (EINTR) when let
go, as after SIGSTOP. A signal that would kill the process is not looked at by a thread that is
held; where no other thread can take it, an abortable hold lets go when SIGABRT comes (the
watchdog's signal), as an endless loop would, which is what the hold stands for; one that is not
abortable stands for a thread stuck in the kernel, which only SIGKILL ends.
"""
import ctypes
import os
import pathlib
import re
import signal
import threading

PTRACE_CONT, PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 7, 17, 0x4206, 0x4207
PTRACE_EVENT_STOP = 128
WALL = 0x40000000
PATIENCE = 10  # seconds for a stop, or for a release
PERIOD = 0.005  # seconds between two looks at the target

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_libc.ptrace.restype = ctypes.c_long


def threads(pid):
    """The threads of a process: {number: name}."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            found[int(task.name)] = (task / "comm").read_text().rstrip("\n")
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _ptrace(request, thread, data=0):
    if _libc.ptrace(request, thread, None, data) == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace {request:#x} of {thread}: {os.strerror(error)}")


class Held:
    """One thread, held from the beginning of a with block to its end, or to the target's:

        with freeze.Held(thread) as held:
            held.wait_end(10)  # the watchdog does its work
    """

    def __init__(self, thread, abortable=True):
        self.thread = thread
        self.abortable = abortable
        self.status = None  # as waitpid gives it, once the target has ended
        self._error = None
        self._stopped, self._release = threading.Event(), threading.Event()
        self._ended = threading.Event()
        self._tracer = threading.Thread(target=self._trace, daemon=True)

    def __enter__(self):
        self._tracer.start()
        held = self._stopped.wait(PATIENCE)
        if self._error or not held:
            self._release.set()
            raise self._error or TimeoutError(f"thread {self.thread} did not stop")
        return self

    def __exit__(self, *_):
        self.release()

    def release(self):
        """Lets the target go on; nothing happens when it has ended."""
        self._release.set()
        self._tracer.join(PATIENCE)
        assert not self._tracer.is_alive(), f"thread {self.thread} was not let go"

    @property
    def ended(self):
        return self._ended.is_set()

    def wait_end(self, seconds=PATIENCE):
        """Waits until the target has ended; whether it did in time."""
        return self._ended.wait(seconds)

    # What follows runs in the tracer's thread.

    def _trace(self):
        try:
            _ptrace(PTRACE_SEIZE, self.thread)
            _ptrace(PTRACE_INTERRUPT, self.thread)
            if self._wait_stop():
                self._stopped.set()
                if self._hold():
                    _ptrace(PTRACE_DETACH, self.thread)
        except OSError as error:
            self._error = error
        finally:
            self._stopped.set()

    def _look(self):
        """The target's status when it changed; takes note of its end."""
        try:
            number, status = os.waitpid(self.thread, WALL | os.WNOHANG)
        except ChildProcessError:
            number, status = self.thread, 0
        if number and not os.WIFSTOPPED(status):
            self.status = status
            self._ended.set()
        return status if number else None

    def _wait_stop(self):
        """Waits until the target is held; whether it is. A signal on its way is passed on."""
        while not self._release.wait(PERIOD):
            status = self._look()
            if self.ended:
                return False
            if status is None:
                continue
            if status >> 16 == PTRACE_EVENT_STOP:
                return True
            _ptrace(PTRACE_CONT, self.thread, os.WSTOPSIG(status))
        return False

    def _hold(self):
        """Waits for the release or the end; whether there is something left to let go."""
        while not self._release.wait(PERIOD):
            self._look()
            if self.ended:
                return False
            if self.abortable and self._aborted():
                return self._let_die()
        self._look()
        return not self.ended

    def _aborted(self):
        try:
            text = pathlib.Path(f"/proc/{self.thread}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        pending = re.findall(r"^(?:SigPnd|ShdPnd):\s+([0-9a-f]+)$", text, re.M)
        return any(int(mask, 16) >> (signal.SIGABRT - 1) & 1 for mask in pending)

    def _let_die(self):
        """Lets the target take its SIGABRT, and everything else that comes, and stays to see it
        end; whether there is something left to let go."""
        _ptrace(PTRACE_CONT, self.thread)
        while not self._release.wait(PERIOD):
            status = self._look()
            if self.ended:
                return False
            if status is not None and status >> 16 != PTRACE_EVENT_STOP:
                _ptrace(PTRACE_CONT, self.thread, os.WSTOPSIG(status))
            elif status is not None:
                _ptrace(PTRACE_CONT, self.thread)
        _ptrace(PTRACE_INTERRUPT, self.thread)
        self._release.clear()
        return self._wait_stop()
