"""What a process that opens hostile files gives up before it sees one (a film, a voice), for good and without root.

    no_new_privs    nothing that it could run would have more rights than it has
    Landlock        no file is made, written, removed or run; no TCP; no signal to a process outside
    seccomp         no sockets, no new process, no ptrace, no mounts, no kernel interfaces that a decoder has no use for

It keeps what it needs: the film's descriptor, the socket to its parent, shared memory, threads, and reading files (its libraries; a
film may be opened a second time by /proc/self/fd); where it decodes on a GPU, that GPU's devices. A hole in a decoder then has no way
out but the pictures that it sends.

Each layer is taken where the kernel has it: Landlock since 5.13 and grown since, seccomp on x86-64 and ARM64. A user namespace is not
used: root's processes would lose the right to read films of others in it (docs/security.md).

Sources: linux/landlock.h, linux/seccomp.h, linux/filter.h, and the syscall tables of the two architectures.
"""

import ctypes
import errno
import os
import platform
import resource
import struct
from collections.abc import Iterable

_LIBC = ctypes.CDLL(None, use_errno=True)

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_LANDLOCK_CREATE_RULESET, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_FS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""ABI -> all rights on files that it knows"""
_FS_READ = 1 << 2 | 1 << 3
"""reading files and listing folders: kept"""
_FS_DEVICE = 1 << 1 | 1 << 15
"""writing to and steering a device that is named"""
_NET_BIND, _NET_CONNECT = 1, 2
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1, 2

_LOAD, _JUMP_EQUAL, _JUMP_FROM, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
"""of classic BPF: load a word, jump if equal, if not less, if a bit is set; return"""
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER_AT, _ARCH_AT, _FLAGS_AT = 0, 4, 16
"""offsets in struct seccomp_data"""
_CLONE_THREAD = 0x00010000

_ARCHES: dict[str, tuple[int, int, tuple[int, ...]]] = {
    "x86_64": (
        0xC000003E,
        56,
        # socket connect accept bind listen accept4; fork vfork execve execveat; ptrace process_vm_readv process_vm_writev kcmp
        # pidfd_getfd; mount umount2 pivot_root chroot unshare setns open_tree move_mount fsopen fsmount mount_setattr; bpf
        # perf_event_open userfaultfd io_uring_setup add_key request_key keyctl; init_module finit_module delete_module kexec_load
        # kexec_file_load reboot swapon swapoff acct; name_to_handle_at open_by_handle_at; shmget msgget
        (41, 42, 43, 49, 50, 288, 57, 58, 59, 322, 101, 310, 311, 312, 438, 165, 166, 155, 161, 272, 308, 428, 429, 430, 432, 442,
         321, 298, 323, 425, 248, 249, 250, 175, 313, 176, 246, 320, 169, 167, 168, 163, 303, 304, 29, 68),
    ),
    "aarch64": (
        0xC00000B7,
        220,
        (198, 203, 202, 200, 201, 242, 221, 281, 117, 270, 271, 272, 438, 40, 39, 41, 51, 97, 268, 428, 429, 430, 432, 442,
         280, 241, 282, 425, 217, 218, 219, 105, 273, 106, 104, 294, 142, 224, 225, 89, 264, 265, 194, 186),
    ),
}  # fmt: skip
"""machine -> its number for audit, its clone, and the system calls that are refused"""
_CLONE3 = 435
_X32 = 0x40000000


_SOCKETS = {"x86_64": frozenset({41, 42, 43, 49, 50, 288}), "aarch64": frozenset({198, 203, 202, 200, 201, 242})}
"""of these, what a process needs that reads a stream from the network"""


def limit(kind: int, most: int) -> None:
    """Bound this process by ``resource``'s limit of this kind; where somebody bounded it further (``ulimit``), that stays. For good."""
    _, hard = resource.getrlimit(kind)
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (bound, bound))


def enter(*, network: bool = False, device: bool = False, gpu: Iterable[str] = ()) -> tuple[str, ...]:
    """Give up all that can be given up; the names of what took effect. Call it before the first thread. Never raises.

    ``network``: sockets are kept, for a process whose film is a stream. ``device``: opening files for writing is kept too, since a
    camera is one. ``gpu``: paths of devices that may be opened and written to all the same, for a process that decodes on a GPU.
    """
    if _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return ()
    taken = ["no_new_privs"]
    if not device and _landlock(network, gpu):
        taken.append("landlock")
    if _seccomp(network):
        taken.append("seccomp")
    return tuple(taken)


def _landlock(network: bool, devices: Iterable[str]) -> bool:
    abi = _LIBC.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if abi < 1:
        return False
    files = _FS_BY_ABI[max(known for known in _FS_BY_ABI if known <= abi)] & ~_FS_READ
    net = _NET_BIND | _NET_CONNECT if abi >= 4 and not network else 0
    scoped = _SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS if abi >= 6 else 0
    rules = struct.pack("=QQQ", files, net, scoped)[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    ruleset = _LIBC.syscall(_LANDLOCK_CREATE_RULESET, rules, ctypes.c_size_t(len(rules)), 0)
    if ruleset < 0:
        return False
    try:
        for path in devices:
            _keep(ruleset, path, files & _FS_DEVICE)
        return bool(_LIBC.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _keep(ruleset: int, path: str, rights: int) -> None:
    """Keep rights on one file; without them its opening is refused later."""
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        _LIBC.syscall(_LANDLOCK_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, fd), 0)
    finally:
        os.close(fd)


def _seccomp(network: bool) -> bool:
    machine = _ARCHES.get(platform.machine())
    if machine is None:
        return False
    arch, clone, refused = machine
    deny = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    steps = [
        (_LOAD, 0, 0, _ARCH_AT), (_JUMP_EQUAL, 1, 0, arch), deny,
        (_LOAD, 0, 0, _NUMBER_AT), (_JUMP_FROM, 0, 1, _X32), deny,
        (_JUMP_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),  # the C library then asks for clone
    ]  # fmt: skip
    for number in sorted(set(refused) - (_SOCKETS[platform.machine()] if network else frozenset())):
        steps += [(_JUMP_EQUAL, 0, 1, number), deny]
    steps += [
        (_JUMP_EQUAL, 0, 3, clone),
        (_LOAD, 0, 0, _FLAGS_AT),
        (_JUMP_BITS, 1, 0, _CLONE_THREAD),
        deny,
        (_RETURN, 0, 0, _ALLOW),
    ]
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    filter = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(program)))
    return bool(_LIBC.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, filter, 0, 0) == 0)
