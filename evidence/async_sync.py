"""fdatasync without a thread: the kernel syncs a file while the loop goes on, and says so through a descriptor.

Linux asynchronous I/O: io_submit(2) with IOCB_CMD_FDSYNC and an eventfd. A thread would take the interpreter's lock
from the loop, and give it back, at each sync. Knows nothing of journals, and gives no guarantee of its own: it is the
same fdatasync, and whatever is not a clear yes of the kernel to the very sync that was asked for is a failed one.
"""

import asyncio
import ctypes
import errno
import os
import platform
import struct
from collections.abc import Callable
from typing import Final

Done = Callable[[OSError | None], None]

_CALLS: Final = {"x86_64": (206, 207, 208, 209), "aarch64": (0, 1, 4, 2)}  # io_setup, _destroy, _getevents, _submit
_FDSYNC: Final = 3  # IOCB_CMD_FDSYNC
_TELL: Final = 1  # IOCB_FLAG_RESFD
_CONTROL: Final = struct.Struct("=QQHhIQQqQII")  # struct iocb of linux/aio_abi.h; what it has in one of two orders is 0
_EVENT: Final = struct.Struct("=QQqq")  # struct io_event
_NO_TIME: Final = (ctypes.c_long * 2)(0, 0)  # struct timespec

# None of these calls waits, so the interpreter's lock is kept.
_syscall = ctypes.PyDLL(None, use_errno=True).syscall


def system_call(number: int, *arguments: object) -> int:
    """Make a system call. Raises OSError."""
    done = int(_syscall(ctypes.c_long(number), *arguments))
    if done < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return done


class AsyncSync:
    """Syncs one file at a time. Belongs to one event loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        call: Callable[..., int] = system_call,
        machine: Callable[[], str] = platform.machine,
    ) -> None:
        """Have the kernel set it up, and the loop watch it.

        Raises:
            OSError: the kernel does not offer it.
            NotImplementedError: the loop does not.
        """
        numbers = _CALLS.get(machine())
        if numbers is None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        setup, self._destroy, self._events, self._submit = numbers
        self._loop, self._call = loop, call
        self._number = 0  # of the sync that runs, or ran last: its event bears it
        self._done: Done | None = None
        self._context = ctypes.c_ulong(0)
        self._control = ctypes.create_string_buffer(_CONTROL.size)
        self._controls = (ctypes.c_void_p * 1)(ctypes.addressof(self._control))
        self._event = ctypes.create_string_buffer(_EVENT.size)
        call(setup, ctypes.c_uint(1), ctypes.byref(self._context))
        self._told = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        try:
            loop.add_reader(self._told, self._look)
        except NotImplementedError:
            self._let_go()
            raise

    def start(self, descriptor: int, done: Done) -> None:
        """Sync the data of a file, and then call `done`: with None, or with what the kernel says failed.

        Not before the sync that was asked for last has ended.

        Raises:
            OSError: the kernel does not take it; nothing was begun.
        """
        number = self._number + 1
        _CONTROL.pack_into(self._control, 0, number, 0, _FDSYNC, 0, descriptor, 0, 0, 0, 0, _TELL, self._told)
        self._call(self._submit, self._context, ctypes.c_long(1), self._controls)
        self._number, self._done = number, done

    def close(self) -> None:
        """Let go of it. Not while a sync runs: the kernel would wait for it."""
        self._loop.remove_reader(self._told)
        self._let_go()

    def _look(self) -> None:
        """Take in what the kernel has to say."""
        os.eventfd_read(self._told)
        one = ctypes.c_long(1)
        try:
            found = self._call(self._events, self._context, one, one, self._event, _NO_TIME)
        except OSError as error:
            self._tell(error)
            return
        number, _, result, _ = _EVENT.unpack_from(self._event)
        if found and number == self._number:
            self._tell(None if result == 0 else OSError(abs(result), os.strerror(abs(result))))

    def _tell(self, error: OSError | None) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(error)

    def _let_go(self) -> None:
        os.close(self._told)
        self._call(self._destroy, self._context)
