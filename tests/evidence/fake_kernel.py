"""A kernel's asynchronous I/O that a test can have fail or hang: `os.fdatasync` does its work, as each test has it."""

import ctypes
import os
import threading
from collections import deque
from functools import partial

from evidence import async_sync
from evidence.async_sync import AsyncSync

MACHINE = "x86_64"
SETUP, DESTROY, EVENTS, SUBMIT = async_sync._CALLS[MACHINE]


class FakeKernel:
    """The four system calls. `beside`: a sync is begun in a thread, and else done before its submission returns."""

    def __init__(self, *, beside=False, fails=None):
        """`fails`: the errors of calls, by their number."""
        self.beside, self.fails, self.called = beside, fails or {}, []
        self.events = deque()

    def __call__(self, number, *arguments):
        """Make a system call."""
        self.called.append(number)
        if number in self.fails:
            raise OSError(self.fails[number], os.strerror(self.fails[number]))
        if number == SUBMIT:
            control = async_sync._CONTROL.unpack(ctypes.string_at(arguments[2][0], async_sync._CONTROL.size))
            task = partial(self.sync, data=control[0], descriptor=control[4], told=control[10])
            threading.Thread(target=task, daemon=True).start() if self.beside else task()
        if number == EVENTS:
            return self.take(arguments[3])
        return 0

    def sync(self, *, data, descriptor, told):
        """Sync a file, and say so."""
        result = 0
        try:
            os.fdatasync(descriptor)
        except OSError as error:
            result = -error.errno
        self.events.append((data, 0, result, 0))
        os.eventfd_write(told, 1)

    def take(self, event):
        """Hand over an event, if there is one."""
        if not self.events:
            return 0
        async_sync._EVENT.pack_into(event, 0, *self.events.popleft())
        return 1

    def offer(self, loop):
        """Return what `AsyncSync` is with this kernel."""
        return AsyncSync(loop, call=self, machine=lambda: MACHINE)


def refuse(_):
    """Be a kernel that offers nothing of this."""
    raise OSError(38, "Function not implemented")


WAYS = {
    "by a thread": refuse,
    "by the kernel": lambda loop: FakeKernel(beside=True).offer(loop),
}
