# SPDX-License-Identifier: Apache-2.0
"""A system call that a process makes against its will, as one whose code an attacker has taken over
would: its debugger writes it where the process waits in another one. Needs root, and x86-64."""
import ctypes
import os
import platform

import process

POSSIBLE = platform.machine() == "x86_64"
EXECVE, IO_URING_SETUP = 59, 425

_GETREGS, _SETREGS, _ATTACH, _DETACH = 12, 13, 16, 17
_WAIT_ALL = 0x40000000  # __WALL
_REGISTERS = 27
_RAX, _RDX, _RSI, _RDI, _ORIG_RAX, _RIP = 10, 12, 13, 14, 15, 16  # of struct user_regs_struct
_SYSCALL = b"\x0f\x05"

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request, pid, data=None):
    if _libc.ptrace(request, pid, None, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _try(pid, number):
    """Whether it was waiting in a system call, which is now this one, with no arguments."""
    _ptrace(_ATTACH, pid)
    os.waitpid(pid, _WAIT_ALL)
    registers = (ctypes.c_ulonglong * _REGISTERS)()
    _ptrace(_GETREGS, pid, registers)
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        memory.seek(registers[_RIP] - len(_SYSCALL))
        waits = memory.read(len(_SYSCALL)) == _SYSCALL
    if waits:
        registers[_RIP] -= len(_SYSCALL)
        registers[_RAX] = number
        registers[_RDI] = registers[_RSI] = registers[_RDX] = 0
        registers[_ORIG_RAX] = (1 << 64) - 1  # what was interrupted is not begun again
        _ptrace(_SETREGS, pid, registers)
    _ptrace(_DETACH, pid)
    return waits


def call(pid, number):
    """Makes the process's first thread do this system call."""
    process.until(lambda: _try(pid, number), f"process {pid} waits in a system call")
