#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The library for other programs, as it is installed: header, pkg-config, shared library and archive."""
import ctypes
import os
import shutil
import subprocess

import harness
import ledgerwriter
import test_verifier as verifier
from stage import equal, test
from test_verifier import file, saved, segment

SOURCE = harness.TREE / "test" / "integration" / "embed.c"


@harness.shared
def prefix():
    """Where it was installed."""
    place = harness.folder() / "installed"
    subprocess.run(["meson", "install", "-C", harness.PASU.parent, "--no-rebuild", "--destdir", place], check=True,
                   capture_output=True)
    return place


def pkg_config(*words):
    pages = [str(path.parent) for path in prefix().rglob("pasu-ledger.pc")]
    equal(len(pages), 1)
    # A folder of the system's that others need too (libcrypto) is not below the prefix.
    environment = {**os.environ, "PKG_CONFIG_PATH": pages[0]}
    where = subprocess.run(["pkg-config", "--variable=prefix", "pasu-ledger"], env=environment, capture_output=True, text=True,
                           check=True).stdout.strip()
    done = subprocess.run(["pkg-config", f"--define-variable=prefix={prefix()}{where}", *words, "pasu-ledger"],
                          env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def library():
    return next(path for path in prefix().rglob("libpasu-ledger.so")).parent


def built(name, *words):
    of = harness.folder() / name
    subprocess.run([*words, SOURCE, "-Wall", "-Wextra", "-Werror", "-o", of, *pkg_config("--cflags", "--libs")], check=True)
    return of


@harness.shared
def program():
    return built("embed-c", "cc", "-std=c99", "-pedantic")


def run(of, *words):
    return subprocess.run([of, *words], capture_output=True, text=True, check=False, env={**os.environ, "LD_LIBRARY_PATH": str(library())})


@test
def test_a_program_reads_and_verifies_a_ledger_with_the_installed_header():
    made = verifier.small()
    done = run(program(), saved(made), made.signer.vkey, file(made.note(made.closed(40))))
    equal((done.returncode, done.stderr), (0, ""))
    lines = done.stdout.splitlines()
    equal(lines.pop(), f"verdict 0 {len(made.entries)} {len(made.entries)} 0")
    equal([line.split()[1] for line in lines], [str(index) for index in range(len(made.entries))])
    equal([int(line.split()[4]) for line in lines], [len(entry) for entry in made.entries])
    equal([int(line.split()[2]) for line in lines], [int.from_bytes(entry[16:18], "little") for entry in made.entries])


@test
def test_it_is_valid_c_plus_plus():
    if not shutil.which("c++"):
        raise harness.Skip("no C++ compiler")
    of = built("embed-cxx", "c++", "-x", "c++", "-std=c++11")
    made = verifier.small()
    equal(run(of, saved(made), made.signer.vkey).returncode, 0)


@test
def test_damage_is_told_and_passed_by_reader_and_verifier():
    made = verifier.small()
    index = next(index for index, entry in enumerate(made.entries) if index > 30 and len(entry) > 100)
    number, begin = made.places[index]
    folder = verifier.patched(made, number, begin + 40, b"\xff", tiles=True)
    lines = run(program(), folder, made.signer.vkey).stdout.splitlines()
    assert f"damaged {made.segments[number][0]} {begin}" in lines, lines
    assert f"fault damaged segments/{segment(folder, number).name} {index}" in lines, lines
    equal(len([line for line in lines if line.startswith("record ")]), len(made.entries) - 1)
    equal(lines[-1], f"verdict 0 {len(made.entries) - 1} {len(made.entries)} 1")
    equal(run(program(), harness.folder() / "not-there", made.signer.vkey).stdout, "not found\n")


@test
def test_what_the_ledgers_key_has_not_signed_deletes_nothing():
    made = ledgerwriter.everything(200, 100)
    made.prune(made.segments[1][0])
    assert "fault" not in run(program(), saved(made), made.signer.vkey).stdout
    made = ledgerwriter.everything(200, 100)
    index = made.prune(made.segments[1][0], signer=ledgerwriter.Signer(9))
    folder = saved(made)
    lines = run(program(), folder, made.signer.vkey).stdout.splitlines()
    assert f"fault forged segments/{segment(folder, 1).name} {index}" in lines, lines


@test
def test_a_segment_of_a_later_version_is_not_read_as_if_it_were_of_this_one():
    made = verifier.small()
    folder, (first, data, _) = saved(made), made.segments[1]
    header = data[:8] + (2).to_bytes(4, "little") + data[12:60]
    segment(folder, 1).write_bytes(header + ledgerwriter.crc32c(header).to_bytes(4, "little") + data[64:])
    lines = run(program(), folder, made.signer.vkey).stdout.splitlines()
    assert f"damaged {first} 0" in lines and f"fault unreadable segments/{segment(folder, 1).name} -1" in lines, lines
    equal([int(line.split()[1]) for line in lines if line.startswith("record ")],
          [*range(first), *range(made.segments[2][0], len(made.entries))])


@test
def test_a_proof_is_checked_and_no_other():
    made = verifier.small()
    proof, entry = file(made.proof(15, 21)), file(made.entries[15])
    equal(run(program(), "--proof", proof, entry, made.signer.vkey).stdout, "proof no error 15 21\n")
    equal(run(program(), "--proof", proof, file(made.entries[16]), made.signer.vkey).stdout, "proof not proved 0 0\n")
    equal(run(program(), "--proof", proof, entry, verifier.Signer(3).vkey).stdout, "proof not proved 0 0\n")
    equal(run(program(), "--proof", entry, entry, made.signer.vkey).stdout, "proof malformed 0 0\n")


class Record(ctypes.Structure):
    """struct pasu_record."""
    _fields_ = [("size", ctypes.c_size_t), ("index", ctypes.c_uint64), ("time", ctypes.c_int64), ("type", ctypes.c_uint32),
                ("is_encrypted", ctypes.c_uint32), ("payload", ctypes.c_void_p), ("payload_length", ctypes.c_size_t),
                ("entry", ctypes.c_void_p), ("entry_length", ctypes.c_size_t)]


@test
def test_a_reader_at_the_end_goes_on_when_more_was_written():
    made, of = verifier.small(), ctypes.CDLL(str(library() / "libpasu-ledger.so"))
    whole = saved(made, tiles=False, room=0)
    folder = verifier.fresh()
    (folder / "segments").mkdir(parents=True)
    ledger, reader, record = ctypes.c_void_p(), ctypes.c_void_p(), Record(ctypes.sizeof(Record))
    equal(of.pasu_ledger_open(str(folder).encode(), ctypes.byref(ledger)), 0)
    equal(of.pasu_reader_open(ledger, ctypes.byref(reader)), 0)
    seen = []

    def read():
        while (result := of.pasu_reader_next(reader, ctypes.byref(record))) == 1:
            seen.append(record.index)
        equal(result, 0)

    read()
    for number in range(len(made.segments)):
        source = segment(whole, number)
        data, path = source.read_bytes(), folder / "segments" / source.name
        ends = [end for _, end in verifier.spans(made, number)]
        for length in (64, ends[0], ends[1] + 5, ends[3]):
            path.write_bytes(data[:length])
            read()
            equal(len(seen), made.segments[number][0] + sum(end <= length for end in ends))
        # The end of this one comes with the next one, as a reader that is slow finds it.
        path.write_bytes(data)
    read()
    equal(seen, list(range(len(made.entries))))
    of.pasu_reader_close(reader)
    of.pasu_ledger_close(ledger)


@test
def test_nothing_but_its_own_names_is_seen():
    for words, path in ((["-D"], library() / "libpasu-ledger.so"), ([], library() / "libpasu-ledger.a")):
        listed = subprocess.run(["nm", *words, "--defined-only", "--extern-only", path], capture_output=True, text=True,
                                check=True).stdout
        names = {line.split()[2].split("@")[0] for line in listed.splitlines() if len(line.split()) == 3}
        names.discard("PASU_LEDGER_0")
        assert len(names) == 10 and all(name.startswith("pasu_") for name in names), names


@test
def test_the_archive_does_as_well():
    of = harness.folder() / "embed-static"
    subprocess.run(["cc", SOURCE, "-o", of, *pkg_config("--cflags"), library() / "libpasu-ledger.a", "-lcrypto"], check=True)
    made = verifier.small()
    done = subprocess.run([of, saved(made), made.signer.vkey], capture_output=True, text=True, check=False)
    equal((done.returncode, done.stdout.splitlines()[-1]), (0, f"verdict 0 {len(made.entries)} {len(made.entries)} 0"))


if __name__ == "__main__":
    harness.main()
