#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tools/verify-ledger: what is right passes, and whatever was changed is found where it is."""
import array
import base64
import itertools
import os
import random
import re
import resource
import shutil
import struct
import subprocess

import harness
import ledgerwriter
from ledgerwriter import BEGIN, DIRECTORY, Ledger, Signer, exposure, part, text
from stage import equal, test
from verifier import faults, has, run, texts, tool, TOOL

HEADER, HEAD = 64, 32
names = itertools.count()


def fresh():
    return harness.folder() / f"ledger{next(names)}"


def file(data, name="file"):
    path = harness.folder() / f"{name}{next(names)}"
    path.write_bytes(data)
    return path


def saved(made, **more):
    return made.save(fresh(), **more)


@harness.shared
def small():
    """Five segments, some 90 records of all types; without tiles."""
    return ledgerwriter.everything(90, 20)


def segment(folder, number):
    return sorted((folder / "segments").iterdir())[number]


def patched(made, number, at, data, whole=False, tiles=False):
    """A copy in which bytes of a segment are others; `whole`: the record's CRC fits again."""
    folder = saved(made, tiles=tiles)
    path = segment(folder, number)
    content = bytearray(path.read_bytes())
    content[at:at + len(data)] = data
    if whole:
        begin, end = next(span for span in spans(made, number) if span[0] <= at < span[1])
        content[begin:end] = ledgerwriter.seal(content[begin:end], made.segments[number][2])
    path.write_bytes(content)
    return folder


def spans(made, number):
    """(begin, end) of the records of a segment."""
    begins = [at for of, at in made.places if of == number]
    return list(zip(begins, begins[1:] + [len(made.segments[number][1])]))


def index_of(made, number, begin):
    return made.places.index((number, begin))


# ---- what is right ----

@test
def test_a_good_ledger_over_several_segments_verifies():
    made = ledgerwriter.everything()
    sizes = [made.closed(size) for size in (2, 3, 13, 200, 255, 256, 257, 258, 400, 512)]
    assert 256 in sizes and len(set(sizes)) > 6, sizes
    old = [file(made.note(size)) for size in sizes]
    words = [word for path in old for word in ("--checkpoint", path)]
    status, found, summary = run(saved(made), "--key", made.signer.vkey, *words)
    equal((status, faults(found)), (0, []))
    equal((summary["records"], summary["covered"], summary["root"]),
          (len(made.entries), len(made.entries), base64.b64encode(made.root()).decode()))
    equal((summary["earliest"], len(made.segments)), ("2026-01-01T00:00:00.000000000Z", 6))
    equal(len([one for one in texts(found, "note") if "not watched" in one]), 2)


def bytes_of(block):
    """What a worked example shows in hex, without the words behind."""
    return b"".join(bytes.fromhex(re.match(r"(?:[0-9a-f]{2}(?: {1,2}|$))*", line)[0]) for line in block.splitlines())


@test
def test_the_example_of_the_specification_verifies():
    page = (harness.TREE / "docs" / "spec" / "ledger.md").read_text(encoding="utf-8")
    page = page[page.index("## Example"):]
    blocks = re.findall(r"```\n(.*?)```", page, re.S)
    data = bytes_of(blocks[0])
    folder = fresh()
    (folder / "segments").mkdir(parents=True)
    (folder / "segments" / f"{0:020d}.seg").write_bytes(data)
    (folder / "checkpoint").write_text(blocks[2], encoding="utf-8")
    vkey = re.search(r"The verifier's key is `(\S+)`", page)[1]
    status, found, summary = run(folder, "--key", vkey)
    lines = blocks[1].split()
    equal((summary["records"], summary["root"]), (len(lines) - 1, base64.b64encode(bytes.fromhex(lines[-1])).decode()))
    equal((status, faults(found)), (0, []))
    # The writer of these tests writes the same bytes.
    signer = Signer(seed=bytes.fromhex(re.search(r"`([0-9a-f]{64})`", page)[1]))
    made = Ledger(signer, begin=False)
    made.cut()
    made.segments[0][2] = data[32:48]
    made.add(1, bytes(range(15, -1, -1)) + text(ledgerwriter.ORIGIN), time=BEGIN)
    made.add(2, b"\1\1" + signer.public, time=BEGIN)
    equal(bytes(made.segments[0][1][HEADER:]), data[HEADER:HEADER + len(made.segments[0][1]) - HEADER])
    equal([leaf.hex() for leaf in made.leaves], lines[:2])
    # And the segment that would follow, were these deleted.
    pruned = bytes_of(blocks[3])
    header = data[:16] + struct.pack("<Q", 4) + data[24:32] + bytes(range(16, 32)) + bytes(12)
    (folder / "segments" / f"{4:020d}.seg").write_bytes(header + struct.pack("<I", ledgerwriter.crc32c(header)) + pruned)
    status, found, summary = run(folder, "--key", vkey)
    equal((status, summary["records"], summary["covered"]), (0, 5, 4))
    has(found, "records 0 to 3 were deleted", "note")
    # And the key that would have taken over in their place.
    (folder / "segments" / f"{4:020d}.seg").unlink()
    taken = bytes_of(blocks[4])
    (folder / "segments" / f"{0:020d}.seg").write_bytes(data + taken)
    status, found, summary = run(folder, "--key", vkey)
    equal((status, summary["records"], summary["covered"]), (0, 5, 4))
    (folder / "segments" / f"{0:020d}.seg").write_bytes(data + ledgerwriter.seal(taken[:-9] + b"\0" + taken[-8:], data[32:48]))
    has(run(folder, "--key", vkey)[1], "has not signed that another one takes over")


@test
def test_records_of_unknown_types_pass_also_within_a_batch():
    made = Ledger()
    made.add(40000, b"\xff" * 100)
    for count in (1, 2):
        made.expose(exposure(part([1])))
        made.add(77, b"later")
        made.taken(count)
    equal(run(saved(made))[0], 0)


@test
def test_an_empty_tail_of_any_size_is_no_fault_and_costs_nothing():
    folder = saved(small())
    with open(segment(folder, -1), "r+b") as last:
        last.truncate(1 << 42)
    equal(run(folder)[0], 0)


# ---- changed bytes ----

@test(limit=180)
def test_any_changed_byte_of_a_record_is_found_where_it_is():
    made = small()
    folder = saved(made, tiles=False)
    for number in (0, 2, 4):
        path = segment(folder, number)
        good = path.read_bytes()
        for begin, end in spans(made, number):
            index = index_of(made, number, begin)
            every = range(begin, end) if index % 11 == 2 else range(begin + index % 7, end, 7)
            for at in every:
                path.write_bytes(good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1:])
                status, found, _ = run(folder)
                places = {(one["file"], one["offset"], one["record"]) for one in faults(found)}
                place = (f"segments/{path.name}", begin, index)
                assert status == 1 and place in places, (number, at - begin, place, found)
        path.write_bytes(good)


@test
def test_any_changed_byte_of_a_segment_s_header_is_found():
    made = small()
    for at in range(HEADER):
        folder = patched(made, 1, at, bytes([made.segments[1][1][at] ^ 0x10]))
        status, found, _ = run(folder)
        assert status == 1 and any(one["file"].endswith(segment(folder, 1).name) for one in faults(found) if one["file"]), at


@test
def test_bytes_that_must_be_zero_are_looked_at_also_under_a_fitting_checksum():
    made = small()
    number = 1
    begin, end, length = next((begin, end, length) for begin, end in spans(made, number) if end - begin - HEAD >
                              (length := int.from_bytes(made.segments[number][1][begin:begin + 4], "little")))
    index = index_of(made, number, begin)
    for at in (26, 27, 28, 31, HEAD + length, end - begin - 1):
        status, found, _ = run(patched(made, number, begin + at, b"\1", whole=True))
        equal(status, 1)
        assert any(one["record"] == index and "must be zero" in one["text"] for one in faults(found)), (at, found)
    for at in (13, 15, 48, 59):
        header = bytearray(made.segments[1][1][:HEADER - 4])
        header[at] = 1
        folder = patched(made, 1, 0, bytes(header) + struct.pack("<I", ledgerwriter.crc32c(header)))
        has(run(folder)[1], "its header is damaged")
    for at, value in ((8, 2), (0, 1)):
        header = bytearray(made.segments[1][1][:HEADER - 4])
        header[at] = value
        folder = patched(made, 1, 0, bytes(header) + struct.pack("<I", ledgerwriter.crc32c(header)))
        has(run(folder)[1], "no segment of version 1")


@test(limit=180)
def test_what_was_changed_with_a_new_checksum_too_is_found_by_the_root_and_located_by_tiles():
    made = small()
    for begin, end in spans(made, 1)[::3] + spans(made, 3)[::5]:
        number = 1 if (begin, end) in spans(made, 1) else 3
        index = index_of(made, number, begin)
        length = int.from_bytes(made.segments[number][1][begin:begin + 4], "little")
        for at in [begin + 16, *range(begin + HEAD, begin + HEAD + length, 17)]:
            original = made.segments[number][1][at]
            status, found, _ = run(patched(made, number, at, bytes([original ^ 2]), whole=True, tiles=True))
            equal(status, 1)
            assert index in {one["record"] for one in faults(found)}, (number, at - begin, index, found)
            if at == begin + 16:
                has(found, "a tile's hash is not that of the records")
                has(found, "a fork")


@test
def test_a_change_is_narrowed_down_by_checkpoints():
    made = small()
    place = made.places[50]
    folder = patched(made, place[0], place[1] + 16, b"\xff", whole=True)
    low, high = made.closed(40), made.closed(60)
    words = [word for size in (low, high) for word in ("--checkpoint", file(made.note(size)))]
    found = run(folder, *words)[1]
    has(found, f"one of records {low} to {high - 1} was changed")
    equal(len(faults(found)), 2)


@test
def test_a_damaged_record_whose_entry_is_whole_leaves_the_root_as_it_is():
    made = small()
    place = made.places[50]
    status, found, summary = run(patched(made, place[0], place[1] + 4, b"\xff"))
    equal((status, len(faults(found)), summary["covered"]), (1, 1, len(made.entries)))


@test
def test_a_damaged_record_s_hash_comes_from_its_tile():
    made = small()
    place = made.places[50]
    status, found, summary = run(patched(made, place[0], place[1] + 40, b"\xff", tiles=True))
    equal((status, len(faults(found)), summary["covered"]), (1, 1, len(made.entries)))


@test
def test_a_record_that_was_on_its_way_while_what_is_behind_it_was_read_is_no_fault():
    made, late = small(), [True]
    number = len(made.segments) - 1
    begin, end = spans(made, number)[1]
    folder, whole = saved(made), tool().Segment.next_whole
    target = segment(folder, number).stat().st_ino

    class Late:
        """The system's calls, as a reader sees them who is faster than the writer."""
        def __getattr__(self, name):
            return getattr(os, name)

        def pread(self, handle, size, at):
            data = os.pread(handle, size, at)
            if late[0] and os.fstat(handle).st_ino == target:
                data = bytes(0 if begin <= at + i < end else byte for i, byte in enumerate(data))
            return data

    def find(self, *words):
        found = whole(self, *words)
        late[0] = late[0] and not found
        return found

    tool().os, tool().Segment.next_whole = Late(), find
    try:
        status, found, summary = run(folder)
    finally:
        tool().os, tool().Segment.next_whole = os, whole
    equal((late, status, faults(found), summary["covered"]), ([False], 0, [], len(made.entries)))


# ---- records and segments that are elsewhere ----

def rearranged(made, number, order, tiles=False):
    """A segment with its records in this order, each with its own checksum as it was."""
    folder = saved(made, tiles=tiles, room=0)
    where = spans(made, number)
    data = made.segments[number][1]
    segment(folder, number).write_bytes(bytes(data[:HEADER]) + b"".join(bytes(data[slice(*where[i])]) for i in order))
    return folder


@test
def test_a_record_that_was_removed_moved_or_doubled_is_found():
    made = small()
    for number in (1, 4):
        count, first = len(spans(made, number)), made.segments[number][0]
        usual = list(range(count))
        for order, words in ((usual[:3] + usual[4:], f"records {first + 3} to {first + 3} are missing"),
                             (usual[:3] + [4, 3] + usual[5:], "out of order"),
                             (usual[:4] + usual[3:], "out of order"),
                             (usual[1:], f"records {first} to {first} are missing")):
            status, found, _ = run(rearranged(made, number, order))
            equal(status, 1)
            has(found, words)


@test
def test_a_damaged_record_before_one_that_comes_again_is_found():
    made = small()
    count, first = len(spans(made, 1)), made.segments[1][0]
    folder = rearranged(made, 1, [0, 1, 2, 3, 1, *range(4, count)])
    path = segment(folder, 1)
    data = bytearray(path.read_bytes())
    data[spans(made, 1)[3][0] + 40] ^= 1
    path.write_bytes(data)
    found = run(folder)[1]
    has(found, f"out of order: record {first + 3} was to come")
    has(found, f"records {first + 3} to {first + 3} are missing")


@test
def test_a_removed_record_is_found_also_where_all_behind_it_were_numbered_again():
    made, other = Ledger(), Ledger()
    for number in range(10):
        made.add(15, struct.pack("<QII", number, 0, 0) + text("a"))
        if number != 4:
            other.add(15, struct.pack("<QII", number, 0, 0) + text("a"))
    folder = saved(other)
    (folder / "checkpoint").write_bytes(made.note())
    status, found, _ = run(folder)
    equal(status, 1)
    has(found, "cut off")
    (folder / "checkpoint").write_bytes(made.note(12))
    has(run(folder)[1], "a fork")


@test
def test_a_cut_off_end_is_found_by_the_checkpoint_at_any_length():
    made = small()
    for cut in list(range(1, 200, 13)) + [len(made.segments[-1][1]) - HEADER, len(made.segments[-1][1]) - 1]:
        folder = saved(made, tiles=False, room=0)
        path = segment(folder, -1)
        os.truncate(path, path.stat().st_size - cut)
        status, found, _ = run(folder)
        equal(status, 1)
        has(found, "cut off" if cut < len(made.segments[-1][1]) - 1 else "cannot be read")


@test
def test_segments_that_are_missing_doubled_or_swapped_are_found():
    made = small()
    firsts = [first for first, _, _ in made.segments]
    for number, words in ((0, "no `pruned` that a checkpoint covers says so"), (2, f"records {firsts[2]} to {firsts[3] - 1} are missing"), (4, "cut off")):
        folder = saved(made, tiles=False)
        segment(folder, number).unlink()
        status, found, _ = run(folder)
        equal(status, 1)
        has(found, words)
    folder = saved(made, tiles=False)
    shutil.copy(segment(folder, 1), folder / "segments" / f"{firsts[1] + 5:020d}.seg")
    status, found, _ = run(folder)
    equal(status, 1)
    has(found, "its header says that it begins with record")
    other = ledgerwriter.everything(90, 20)
    other.segments[2][0] -= 2  # named and numbered as if the segment before it were shorter
    header = other.segments[2][1][:HEADER - 4]
    header[16:24] = struct.pack("<Q", other.segments[2][0])
    other.segments[2][1][:HEADER] = header + struct.pack("<I", ledgerwriter.crc32c(header))
    status, found, _ = run(saved(other, tiles=False))
    equal(status, 1)
    has(found, f"can be records below {other.segments[2][0]}")
    folder = saved(made, tiles=False)
    one, two = segment(folder, 1), segment(folder, 2)
    content = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(content)
    equal(run(folder)[0], 1)
    folder = saved(made, tiles=False)
    (folder / "segments" / "00000000000000000001.seg.old").write_bytes(b"")
    has(run(folder)[1], "is no segment's name")
    folder = saved(made, tiles=False)
    with open(segment(folder, 1), "ab") as closed:
        closed.write(bytes(64))
    (folder / "segments" / "next.tmp").write_bytes(bytes(10))
    status, found, _ = run(folder)
    equal(status, 0)
    has(found, "zeros behind the last record", "note")


# ---- what a crash leaves ----

@test
def test_a_torn_end_is_no_fault_where_nothing_says_that_it_was_on_the_disk():
    made = small()
    size, count = made.closed(made.segments[-1][0] + 2), len(made.entries)
    for change in (lambda data: data[:-40], lambda data: data[:-200] + bytes(200) + b"\xff" * 64):
        folder = saved(made, tiles=False, room=0)
        path = segment(folder, -1)
        path.write_bytes(change(path.read_bytes()))
        (folder / "checkpoint").write_bytes(made.note(size))
        status, found, summary = run(folder)
        equal((status, summary["covered"]), (0, size))
        has(found, "cut short here", "note")
        (folder / "checkpoint").write_bytes(made.note(count))
        equal(run(folder)[0], 1)


@test
def test_a_torn_record_that_a_later_one_calls_durable_is_damage():
    for durable, due in ((3, 0), (6, 1)):
        made = Ledger()
        for _ in range(3):
            made.add(15, struct.pack("<QII", 1, 0, 0) + text("a"))
        made.taken(0, durable)
        folder = patched(made, 0, made.places[4][1] + 8, b"\xff")
        (folder / "checkpoint").write_bytes(made.note(3))
        equal(run(folder)[0], due)


# ---- checkpoints and keys ----

@test
def test_a_fork_is_found_and_both_its_checkpoints_compare_as_one():
    one, other = Ledger(), Ledger()
    for made, name in ((one, "alice"), (other, "bob")):
        for number in range(300):
            made.add(15, struct.pack("<QII", number, 0, 0) + text(name if number == 200 else "all"))
    key = ("--key", one.signer.vkey)
    folder = saved(one)
    status, found, _ = run(folder, *key, "--checkpoint", file(other.note(250)))
    equal(status, 1)
    has(found, "a fork")
    equal(run(folder, *key, "--checkpoint", file(other.note(150)))[0], 0)
    late, early, same = file(other.note(250)), file(one.note(150)), file(one.note(250))
    equal(run("--compare", late, same, *key)[0], 1)
    equal(run("--compare", same, same, *key)[0], 0)
    equal(run("--compare", early, same, *key)[0], 2)
    equal(run(folder, "--compare", early, same, *key)[0], 0)
    status, found, _ = run(folder, "--compare", early, late, *key)
    equal(status, 1)
    has(found, "a fork")
    equal(run(folder, "--compare", early, file(one.note(303) .replace(b"303", b"304")), *key)[0], 1)
    longer = Ledger()
    for number in range(400):
        longer.add(3)
    equal(run(folder, "--compare", early, file(longer.note()), *key)[0], 2)
    equal(run("--compare", same, same, "--key", Signer(5).vkey)[0], 1)
    third = Signer(9, "third.example/log")
    elsewhere = file(ledgerwriter.note(250, one.root(250), third, origin=third.name))
    has(run("--compare", same, elsewhere, *key, "--key", third.vkey)[1], "two ledgers")


@test
def test_another_key_s_checkpoint_is_refused():
    made, other = small(), Signer(2)
    folder = saved(made, tiles=False)
    equal(run(folder, "--key", other.vkey)[0], 1)
    status, found, _ = run(folder, "--checkpoint", file(made.note(50, other)))
    equal(status, 1)
    has(found, "not signed with the key in use at 50 records")
    (folder / "checkpoint").write_bytes(ledgerwriter.note(50, made.root(50), Signer(name="x"), origin="x"))
    has(run(folder)[1], "this ledger is 'ledger.example/shop'")
    (folder / "checkpoint").unlink()
    has(run(folder)[1], "there is none")


@test(limit=180)
def test_any_flipped_bit_of_a_checkpoint_is_refused():
    made = Ledger()
    folder, good = saved(made, tiles=False), made.note()
    for at in range(8 * len(good)):
        data = bytearray(good)
        data[at // 8] ^= 1 << at % 8
        (folder / "checkpoint").write_bytes(data)
        assert run(folder)[0] == 1, f"bit {at}: {bytes(data)}"


def rotated(old, new, *signers, **how):
    """A ledger whose key was changed with record 4, the size at the change, and its folder."""
    made = Ledger(old)
    made.add(3)
    made.take_over(new, **how)
    size = len(made.entries)
    change = made.note(size, *signers)
    made.add(3)
    folder = saved(made, checkpoint=False)
    (folder / "checkpoint").write_bytes(made.note(None, new))
    if signers:
        (folder / f"checkpoint.{4:020d}").write_bytes(change)
    return made, size, folder


@test
def test_a_rotated_key_is_followed():
    rotated_key_is_followed()


@test
def test_a_key_that_was_rotated_before_records_were_signed_is_followed():
    rotated_key_is_followed(signature=b"")


def rotated_key_is_followed(**how):
    old, new = Signer(1), Signer(2)
    made, _, folder = rotated(old, new, old, new, **how)
    size = len(made.entries)
    before = file(made.note(4, old))
    keys = ("--key", old.vkey, "--key", new.vkey)
    equal(faults(run(folder)[1]), [])
    equal(run(folder, "--checkpoint", before, *keys)[0], 0)
    equal(run(folder, "--key", new.vkey)[0], 0)
    equal(run(folder, "--key", old.vkey)[0], 1)
    equal(run(folder, "--checkpoint", file(made.note(4, new)), *keys)[0], 1)
    equal(run(folder, "--checkpoint", file(made.note(5, old)), *keys)[0], 1)
    equal(run(folder, "--checkpoint", file(made.note(size, old)), *keys)[0], 1)
    made.add(2, b"\2\1" + new.public)
    folder = saved(made)
    (folder / "checkpoint").write_bytes(made.note(size + 1, new))
    has(run(folder)[1], "no key was in use")
    made.add(2, b"\1\1" + old.public)
    has(run(saved(made))[1], "retired before")


@test
def test_a_key_that_takes_over_must_be_vouched_for_by_the_one_before_it():
    old, new, third = Signer(1), Signer(2), Signer(3)
    words = "has signed no checkpoint that covers that"
    for signers, how in itertools.product(((), (new,), (new, third)), ({}, {"signature": b""})):
        made, size, folder = rotated(old, new, *signers, **how)
        status, found, _ = run(folder)
        equal((status, len(faults(found))), (1, 1))
        has(found, words)
        equal(faults(found)[0]["record"], 4)
        # Who gives the new key vouches for it; a kept checkpoint that both have signed does, too.
        status, found, _ = run(folder, "--key", new.vkey)
        equal((status, faults(found)), (0, []))
        has(found, words, "note")
        status, found, _ = run(folder, "--checkpoint", file(made.note(size, old, new)))
        equal((status, faults(found)), (0, []))
    # The old one alone, or for another history, or before the change: that is no word for the new one.
    made, size, folder = rotated(old, new, old)
    has(run(folder)[1], "not signed with the key in use")
    has(run(folder)[1], words)
    made, size, folder = rotated(old, new, old, new)
    change = folder / f"checkpoint.{4:020d}"
    change.write_bytes(ledgerwriter.note(size, bytes(32), old, new))
    has(run(folder)[1], words)
    change.write_bytes(made.note(4, old, new))
    has(run(folder)[1], words)
    for broken in (b"", b"nonsense\n", b"x" * 5000):
        change.write_bytes(broken)
        assert len(faults(run(folder)[1])) >= 2
    # Before the first checkpoint that covers it the record's own signature counts.
    change.unlink()
    (folder / "checkpoint").write_bytes(made.note(4, old))
    equal(faults(run(folder)[1]), [])


def tail(made, size, old):
    """The folder of a ledger whose last checkpoint is of so many records."""
    folder = saved(made)
    (folder / "checkpoint").write_bytes(made.note(size, old))
    return folder


@test
def test_a_key_that_the_one_in_use_has_not_signed_for_at_its_place_does_not_take_over():
    """Behind the last checkpoint, and covered by one of that key; whoever wrote it has both records right."""
    old, new = Signer(1), Signer(2)
    good = Ledger(old)
    at = good.take_over(new)
    signature = good.entries[at][54:]
    equal(len(signature), 64)
    wrong = [{"signature": bytes(64)}, {"signer": new}, {"off": 1}, {"off": -1}, {"origin": "ledger.example/other"},
             {"identity": bytes(16)}, *({"signature": signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1:]} for at in (0, 31, 32, 63))]
    for how in wrong:
        made = Ledger(old)
        equal(made.take_over(new, **how), at)
        for folder in (tail(made, at, old), saved(made)):
            for keys in ((), ("--key", old.vkey), ("--key", old.vkey, "--key", new.vkey)):
                status, found, _ = run(folder, *keys)
                equal(status, 1, how)
                has(found, "the key in use has not signed that another one takes over")
                assert [one for one in faults(found) if one["record"] == at and one["offset"]], found
    made = Ledger(old)
    made.take_over(new, signature=signature)  # what the writer of these tests signs is always the same
    equal(faults(run(tail(made, at, old))[1]), [])
    # The first key has nobody who could sign, and who is retired none either.
    made = Ledger(begin=False)
    made.add(1, bytes(range(16)) + text(ledgerwriter.ORIGIN))
    made.take_over(new)
    has(run(saved(made))[1], "has not signed that another one takes over")
    made = Ledger(old)
    made.add(2, b"\2\1" + old.public + bytes(64))
    has(run(saved(made))[1], "neither with a signature nor without one")


@test
def test_behind_the_last_checkpoint_no_key_takes_over_without_a_signature():
    old, new = Signer(1), Signer(2)
    made = Ledger(old)
    size = made.take_over(new, signature=b"")
    folder = tail(made, size, old)
    for keys in ((), ("--key", old.vkey)):
        status, found, _ = run(folder, *keys)
        equal((status, len(faults(found)), faults(found)[0]["record"]), (1, 1, size))
        has(found, "forged: the key " + new.id.hex())
    # Who gives it vouches for it.
    status, found, _ = run(folder, "--key", old.vkey, "--key", new.vkey)
    equal((status, faults(found)), (0, []))
    has(found, "nobody vouches for it but who gave it", "note")
    # Nor is the key in use retired.
    made = Ledger(old)
    size = made.add(2, b"\2\1" + old.public)
    status, found, _ = run(tail(made, size, old))
    equal((status, len(faults(found)), faults(found)[0]["record"]), (1, 1, size))
    has(found, "the key in use is retired")


@test
def test_a_key_does_not_come_back():
    old, new = Signer(1), Signer(2)
    made = Ledger(old)
    made.add(2, b"\1\1" + new.public)
    made.add(2, b"\1\1" + old.public)
    has(run(saved(made))[1], "another one has followed")


@test
def test_witnesses_are_asked_for():
    made, witness, other = small(), Signer(7, "witness.example/w", 4), Signer(8, "witness.example/v", 4)
    folder = saved(made, tiles=False)
    size = made.closed(50)
    cosigned = made.note(size, made.signer, witness)
    status, found, _ = run(folder, "--checkpoint", file(cosigned), "--witness", witness.vkey)
    equal(status, 0)
    has(found, f"cosigned {size} records at 2026-01-01T00:01:40", "note")
    equal(run(folder, "--checkpoint", file(cosigned), "--witness", other.vkey)[0], 1)
    false = Signer(8, "witness.example/w", 4)
    false.id = witness.id
    has(run(folder, "--checkpoint", file(made.note(size, made.signer, false)), "--witness", witness.vkey)[1], "is wrong")
    body = made.note(size).rpartition(b"\n\n")[0] + b"\n"
    late = made.note(size) + witness.line(body, 1 << 63)
    has(run(folder, "--checkpoint", file(late), "--witness", witness.vkey)[1], "beyond 2^63")
    longer = body + b"more\n"
    has(run(folder, "--checkpoint", file(longer + b"\n" + made.signer.line(longer)))[1], "not a checkpoint")
    unknown = made.note(size) + "".join(f"\u2014 x.example/{i} AAAAAAAA\n" for i in range(20)).encode()
    equal(run(folder, "--checkpoint", file(unknown))[0], 0)


@test
def test_what_no_checkpoint_covers_is_told():
    made = small()
    folder = saved(made, tiles=False)
    size = made.closed(70)
    (folder / "checkpoint").write_bytes(made.note(size))
    status, found, summary = run(folder)
    equal((status, summary["covered"]), (0, size))
    has(found, f"records {size} to {len(made.entries) - 1} are covered by no checkpoint", "note")


# ---- tiles, deleted segments ----

@test
def test_tiles_agree_with_the_records():
    made = ledgerwriter.everything(600, 300)
    for name, data in made.tiles().items():
        folder = saved(made)
        (folder / name).write_bytes(data[:40] + bytes([data[40] ^ 1]) + data[41:])
        status, found, _ = run(folder)
        equal(status, 1)
        assert any(one["file"] == name and one["offset"] == 32 for one in faults(found)), found
        (folder / name).write_bytes(data[:-1])
        has(run(folder)[1], "instead of")
        (folder / name).unlink()
        equal(run(folder)[0], 0)
    folder = saved(made)
    (folder / "tile/0/002.p/200").write_bytes(bytes(32 * 200))
    has(run(folder)[1], "a tile of more than")


def deleted(made, first, tiles):
    folder = saved(made, tiles=tiles)
    for path in list((folder / "segments").iterdir()):
        if int(path.name[:20]) < first:
            path.unlink()
    return folder


@test
def test_a_ledger_of_which_the_beginning_was_deleted_verifies_with_tiles_and_without():
    made = ledgerwriter.everything(600, 300)
    first = made.segments[1][0]
    made.prune(first)
    equal(run(saved(made))[:2], (0, run(saved(made))[1]))  # who deletes was killed before
    old = ("--checkpoint", file(made.note(100)))
    status, found, summary = run(deleted(made, first, True), "--key", made.signer.vkey, *old)
    equal((faults(found), summary["covered"], summary["first"]), ([], len(made.entries), first))
    equal((status, texts(found, "unseen")), (0, []))
    has(found, "deleted by age", "note")
    equal(run(deleted(made, first, True))[2]["covered"], len(made.entries))  # by the key that was carried over
    short = ledgerwriter.everything(600, 300)
    short.prune(first - 1)
    has(run(deleted(short, first, True))[1], "no `pruned` that a checkpoint covers says so")
    has(run(deleted(ledgerwriter.everything(600, 300), first, False))[1], "no `pruned` that a checkpoint covers says so")
    unsigned = ledgerwriter.everything(600, 300)
    signed = unsigned.note()
    unsigned.prune(first)  # by somebody who cannot sign
    folder = deleted(unsigned, first, True)
    (folder / "checkpoint").write_bytes(signed)
    has(run(folder)[1], "no `pruned` that a checkpoint covers says so")
    other = ledgerwriter.everything(600, 300)
    other.carry(other.entries[1][:20] + b"\1\1" + bytes(32))
    other.prune(first, carried=len(other.entries) - 1)
    has(run(deleted(other, first, True))[1], "record 1 was another one")
    status, found, summary = run(deleted(made, first, False), "--key", made.signer.vkey, *old)
    equal((status, faults(found), summary["covered"]), (2, [], len(made.entries)))
    has(found, "no tile stands for them", "unseen")  # for a root before
    folder = deleted(made, first, True)
    data = bytearray((folder / "tile/0/000").read_bytes())
    data[100] ^= 1
    (folder / "tile/0/000").write_bytes(data)
    equal(run(folder)[0], 1)


@test
def test_what_a_pruned_ledger_says_of_what_was_deleted_is_checked():
    """Roots that are others are found where they are used, and where the records are still there."""
    made = ledgerwriter.everything(700, 100)
    first, roots = made.segments[3][0], made.subtrees(made.segments[3][0])
    for at in range(0, len(roots), 32):
        false = roots[:at] + bytes([roots[at] ^ 1]) + roots[at + 1:]
        lying = ledgerwriter.everything(700, 100)
        lying.prune(first, roots=false)
        has(run(saved(lying))[1], "not those of the records that were deleted")
        for tiles in (True, False):
            equal(run(deleted(lying, first, tiles))[0], 1)
    made.prune(first)
    equal(faults(run(deleted(made, made.segments[1][0], False))[1]), [])  # who deletes was killed under way
    made.cut()
    made.prune(made.segments[5][0], first)
    for tiles in (True, False):
        status, found, summary = run(deleted(made, made.segments[5][0], tiles), "--key", made.signer.vkey)
        equal((faults(found), summary["covered"]), ([], len(made.entries)))
    has(run(deleted(made, made.segments[6][0], False))[1], "no `pruned` that a checkpoint covers says so")


@test
def test_what_the_ledgers_key_has_not_signed_at_its_place_deletes_nothing():
    """Behind the last checkpoint, and signed by whoever did not look; whether something is gone already, or nothing."""
    genuine = ledgerwriter.everything(600, 300)
    genuine.prune(genuine.segments[1][0])
    signature = genuine.entries[-1][60:124]
    first, words = genuine.segments[1][0], "the key in use has not signed"
    wrong = [{"signature": bytes(64)}, {"signer": Signer(9)}, {"off": 1}, {"off": -1}, {"origin": "ledger.example/other"},
             {"roots": genuine.subtrees(first)[::-1], "signature": signature},
             *({"signature": signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1:]} for at in (0, 31, 32, 63))]
    for how in wrong:
        made = ledgerwriter.everything(600, 300)
        before = made.note()
        index = made.prune(first, **how)
        for folder in (saved(made), deleted(made, first, True)):
            for note in (made.note(), before):
                (folder / "checkpoint").write_bytes(note)
                status, found, _ = run(folder, "--key", made.signer.vkey)
                equal(status, 1, how)
                has(found, words)
                assert [one for one in faults(found) if words in one["text"] and one["record"] == index and one["offset"]], found
    made = ledgerwriter.everything(600, 300)
    made.prune(first, signature=signature)  # what the writer of these tests signs is always the same
    equal(faults(run(saved(made))[1]), [])


def changed(made, old, new):
    """A change of the key; the name of its checkpoint, and that."""
    index = made.take_over(new)
    return f"checkpoint.{index:020d}", made.note(None, old, new)


@test
def test_a_ledger_that_was_pruned_before_and_after_its_key_changed_verifies():
    """Also where both keys are only there as records that were carried over."""
    old, new = Signer(1), Signer(2)
    made = ledgerwriter.everything(600, 300, signer=old)
    made.prune(made.segments[1][0])
    name, both = changed(made, old, new)
    for _ in range(2):
        made.cut()
        made.add(3)
    first, last = made.segments[1][0], made.segments[3][0]
    for folder in (saved(made), deleted(made, first, True)):
        (folder / name).write_bytes(both)
        for keys in ((), ("--key", new.vkey), ("--key", old.vkey, "--key", new.vkey)):
            equal(run(folder, *keys)[0], 0)
    made.prune(last, first)
    for folder in (saved(made), deleted(made, first, True), deleted(made, last, True)):
        (folder / name).write_bytes(both)
        for keys in ((), ("--key", new.vkey)):
            equal((run(folder, *keys)[0], faults(run(folder, *keys)[1])), (0, []))


@test
def test_a_key_that_was_retired_or_that_nobody_has_vouched_for_deletes_nothing():
    old, new = Signer(1), Signer(2)
    made = ledgerwriter.everything(600, 300, signer=old)
    name, both = changed(made, old, new)
    signed = made.note()
    index = made.prune(made.segments[1][0], signer=old)
    folder = saved(made)
    (folder / name).write_bytes(both)
    (folder / "checkpoint").write_bytes(signed)
    status, found, _ = run(folder)
    equal((status, len(faults(found)), faults(found)[0]["record"]), (1, 1, index))
    has(found, "the key in use has not signed")
    # Somebody puts a key of their own behind the last checkpoint, and signs with that.
    made = ledgerwriter.everything(600, 300, signer=old)
    signed = made.note()
    changed(made, old, new)
    index = made.prune(made.segments[1][0])
    folder = saved(made)
    (folder / "checkpoint").write_bytes(signed)
    for keys in ((), ("--key", old.vkey), ("--key", new.vkey, "--key", old.vkey)):
        status, found, _ = run(folder, *keys)
        equal((status, len(faults(found)), faults(found)[0]["record"]), (1, 1, index))
        has(found, "which no checkpoint covers")


@test
def test_where_the_key_of_a_pruned_cannot_be_seen_one_that_is_given_counts():
    made = ledgerwriter.everything(600, 300)
    first, nothing = made.segments[1][0], len(made.entries) + 2
    made.prune(first, carried=nothing)
    folder, words = deleted(made, first, True), "the key that had to sign that records were deleted cannot be seen"
    status, found, _ = run(folder)
    has(found, words, "unseen")
    assert words not in str(texts(run(folder, "--key", made.signer.vkey)[1], "unseen"))
    has(run(folder, "--key", Signer(9).vkey)[1], words, "unseen")


@test
def test_only_an_alert_is_acknowledged():
    made = ledgerwriter.everything(90, 20)
    alert = [entry[16] for entry in made.entries].index(18)
    first = made.segments[1][0]

    def acknowledge(about):
        made.add(19, struct.pack("<QII", about, 0, 0) + text("kim") + text("seen"))
        return faults(run(saved(made))[1])

    equal(acknowledge(alert), [])
    for about in (0, alert - 1, alert + 1):
        made = ledgerwriter.everything(90, 20)
        one, = acknowledge(about)
        assert f"record {about}, which is acknowledged or climbs, is no alert" in one["text"], one
    # What was deleted, or lost, may have been one.
    made = ledgerwriter.everything(90, 20)
    made.prune(first)
    acknowledge(2)
    equal(faults(run(deleted(made, first, True))[1]), [])
    folder = patched(made, 0, made.places[alert][1] + 40, b"damage")
    assert not any("is no alert" in one["text"] for one in faults(run(folder)[1]))


@test
def test_what_is_deleted_while_it_is_verified_is_no_fault():
    made = ledgerwriter.everything(600, 300)
    first = made.segments[1][0]
    made.prune(first)
    folder, ledger = deleted(made, first, True), tool().Ledger
    listed, times = ledger.segments, []

    def segments(self):  # when it begins, the first one is there
        times.append(self)
        return listed(self) if len(times) > 1 else array.array("Q", [0, *listed(self)])

    ledger.segments = segments
    try:
        status, found, summary = run(folder, "--key", made.signer.vkey)
    finally:
        ledger.segments = listed
    equal((status, faults(found), summary["covered"]), (2, [], len(made.entries)))
    has(found, "verify again", "unseen")


@test
def test_nothing_is_deleted_under_a_hold():
    made = Ledger()
    made.add(22, struct.pack("<QII", 1, 0, 0) + text("kim") + text("court"))
    made.prune(2)
    has(run(saved(made))[1], "though there was a hold")


# ---- what records say ----

@test
def test_an_erased_directory_entry_does_not_hurt_and_one_that_was_not_destroyed_is_found():
    made = small()
    folder = saved(made, tiles=False)
    for key in (bytes(32), b"\xff" * 32, b""):
        (folder / "entry.keys").write_bytes(b"\1" * 32 + key + b"\1" * 32 * bool(key))
        equal(run(folder)[0], 0)
    (folder / "entry.keys").write_bytes(b"\1" * 64)
    has(run(folder)[1], "was not destroyed")


@test
def test_a_false_opening_is_found():
    for change in ({"false_root": bytes(32)}, {"false_count": 6}, {"numbers": [42, 43, 44, 45, 47]}, {"numbers": [42, 43, 44, 45]},
                   {"about": 0}, {"part_number": 3}, {"which": 1}, {"about": 5}):
        made = Ledger()
        shown = made.expose(exposure(part(range(42, 47), [2**32 - 1])))
        made.taken(1)
        made.open(**{"about": shown, "numbers": list(range(42, 47)), **change})
        status, found, _ = run(saved(made))
        equal((status, len(faults(found))), (1, 1))
        equal(faults(found)[0]["record"], 5)


@test
def test_what_came_from_a_ring_ends_with_a_fitting_taken():
    def batch(*counts, after=None):
        made = Ledger()
        for count in counts:
            made.expose(exposure(part([1])))
            made.expose(exposure(part([2])))
            if count is not None:
                made.taken(count)
            if after:
                made.add(after)
        return run(saved(made))
    equal(batch(2, 2)[0], 0)
    for counts in ((1,), (3,), (2, 0), (0,)):
        has(batch(*counts)[1], "`taken` of")
    has(batch(None, after=3)[1], "that no `taken` ends")
    has(batch(None)[1], "no `taken` ends")
    made = Ledger()
    made.expose(exposure(part([1])))
    middle = made.expose(exposure(part([1])))
    made.taken(2)
    has(run(saved(made), "--checkpoint", file(made.note(middle)))[1], "covers some of a batch")
    made.position -= 64
    made.expose(exposure(part([1])))
    made.taken(1)
    has(run(saved(made))[1], "taken from a ring twice")


@test
def test_there_is_one_way_to_write_an_exposure():
    def verdict(change):
        head, parts = exposure(part(*change.get("lists", ([1, 2, 3, 4, 5], [7])), **change.get("part", {})),
                               **change.get("whole", {}))
        parts = [(bytearray(start), list(lists)) for start, lists in parts]
        if "lists_are" in change:
            parts[0][1][:] = change["lists_are"]
        for at, value in change.get("at", ()):
            parts[0][0][at] = value
        made = Ledger()
        made.expose((head + change.get("more", b""), [(bytes(start), lists) for start, lists in parts]))
        made.taken(1)
        return run(saved(made))[0]
    plain, seven = struct.pack("<5I", 1, 2, 3, 4, 5), struct.pack("<I", 7)
    right = [{}, {"lists": ([1, 2], [])}, {"lists": ([1, 2, 3], [])}, {"lists": ([1, 2, 3, 4], [])},
             {"lists": ([2**32 - 2, 2**32 - 1, 0, 1, 2, 3], [])}, {"lists": ([5, 5, 5], [3, 2, 1])}, {"part": {"kind": 15}},
             *({"whole": {"says": says}} for says in ((64, b"\3t-1"), (128, b"\3::1"), (128, b"\1?"), (192, b"\1t\x871.2.3.4")))]
    wrong = [{"lists_are": [plain, seven], "at": [(2, 0)]},
             {"lists": ([1, 2, 3], []), "lists_are": [struct.pack("<III", 1, 1, 3), b""], "at": [(2, 1)]},
             {"lists_are": [struct.pack("<5I", 2, 1, 2, 3, 3), seven]},
             {"lists_are": [struct.pack("<III", 1, 1, 6), seven]},
             {"lists_are": [struct.pack("<III", 1, 1, 4), seven]},
             {"lists": ([1] * 9, []), "lists_are": [struct.pack("<7I", 3, 1, 9, 20, 0, 30, 0), b""], "at": [(2, 1)]},
             {"lists_are": [struct.pack("<III", 1, 2**32 - 2, 5), seven]},
             {"lists": (list(range(1, 11)), []), "lists_are": [struct.pack("<5I", 2, 1, 4, 5, 6), b""]},
             {"part": {"kind": 16}}, {"part": {"attribution": 7}}, {"at": [(2, 9)]}, {"at": [(3, 1)]},
             {"whole": {"verdict": 5}}, {"whole": {"rule": b"a\0b"}}, {"whole": {"actor": b"a" * 64}}, {"more": b"x"},
             {"lists": ([1, 3] * 3001, [])},
             *({"whole": {"says": says}} for says in ((64, b""), (64, b"\0"), (64, b"\3a b"), (128, b"\x80"), (128, b"\4here"), (0, b"\3t-1")))]
    for change in right:
        equal(verdict(change), 0)
    for change in wrong:
        assert verdict(change) == 1, change


@test
def test_payloads_are_as_long_as_their_type_says():
    made, seen = small(), set()
    for index, entry in enumerate(made.entries):
        kind = struct.unpack_from("<H", entry, 16)[0]
        if kind in seen or kind in (10, 12, 36, 999):
            continue
        seen.add(kind)
        number, begin = made.places[index]
        length = int.from_bytes(made.segments[number][1][begin:begin + 4], "little")
        payload = bytes(made.segments[number][1][begin + HEAD:begin + HEAD + length])
        for other in (payload + b"\0", payload[:-1]) if payload else (b"\0",):
            one = Ledger(begin=kind != 1)
            one.add(kind, other, b"" if kind in (9, 26) else None)
            found = run(saved(one))[1]
            assert any("payload" in words or "zero" in words for words in texts(found)), (kind, found)
    equal(seen, (set(range(1, 28)) | {31, 32, 37, 38}) - {10, 12, 24, 27})


# Bytes of a mark, at their place, with which it is none.
MARKS = ((32, b"\0\x80", "a column that cannot be"), (40, bytes(64), "without a gateway"), (104, bytes(64), "or a database"),
         (296, b"\1", "half a database"), (304, b"\1", "half a database"), (8, bytes(8), "carries nothing"),
         (34, b"\2", "carries none"), (28, b"\1", "named twice"), (232, bytes(64), "of no relation"))


def changed_mark(at, data):
    payload = bytearray(ledgerwriter.mark())
    payload[at:at + len(data)] = data
    return bytes(payload)


# What the payloads of test/unit/payload_golden.def say, to which test_payload holds pasu.
GOLDEN = {
    3: {}, 4: {},
    5: {"count": 3, "since": BEGIN, "reason": -987},
    6: {"session": 0x1122334455667788, "opened": BEGIN, "port": 54329, "tls": 1, "replication": 0, "gateway": b"shop",
        "principal": b"alice", "database": b"orders", "application": b"psql", "address": b"192.0.2.1", "origin": b""},
    7: {"session": 0x1122334455667788, "closed": BEGIN + 1, "error": 0, "statements": 2, "rows": 3, "in": 256, "out": 65536},
    8: {"at": -1, "error": -970, "port": 1, "gateway": b"shop", "principal": b"", "database": b"", "address": b"::1"},
    10: {"fingerprint": 0x0102030405060708, "sql": b"SELECT $1"},
    12: {"ordinal": 0xfffffffe, "kind": 3, "hash": bytes(range(16)), "sealed": b"\0\xff"},
    13: {"number": 1, "fields": 1 << 63 | 2, "kinds": 3, "vocabulary": 0x12345678, "oid": 0, "column": 2, "what": 3,
         "names": b"".join(name.ljust(64, b"\0") for name in (b"shop", b"orders", b"public", b"base")),
         "cluster": 0x0123456789abcdef, "database": 5},
    14: {"ring": 63, "count": 1, "file": 0x1122334455667788, "from": 1 << 36, "to": (1 << 36) + 192, "durable": 2},
    15: {"session": 0, "uid": 1000, "pid": 2**32 - 1, "principal": b"bob"},
    16: {"digest": bytes(range(32)), "generation": 7},
    17: {"digest": b"\xff" + bytes(30) + b"\1", "principals": 772},
    18: {"about": 9, "severity": 2, "rule": b"many", "text": b"more >"},
    19: {"about": 10, "uid": 1001, "who": b"kim", "why": b""},
    20: {"uid": 0, "pid": 99, "command": b"scope", "filters": b"--principal alice"},
    21: {"uid": 1002, "pid": 100, "from": 5, "to": 8, "where": b"out.csv"},
    22: {"number": 1, "uid": 0, "who": b"kim", "why": b"court"},
    23: {"number": 1, "uid": 1, "who": b"lee", "why": b"over"},
    24: {"first": 2, "behind": 3, "since": 1, "until": -1, "carried": 4, "signature": b"\x51" + bytes(62) + b"\x52",
         "roots": b"\xaa" + bytes(30) + b"\xbb\xcc" + bytes(30) + b"\xdd"},
    25: {"ordinal": DIRECTORY, "uid": 1003, "why": b"asked for"},
    26: {"about": 4, "part": 7, "which": 1, "count": 6000, "root": b"\xaa" + bytes(30) + b"\xbb",
         "seed": b"\xcc" + bytes(30) + b"\xdd"},
    27: {"index": 7, "time": 9, "type": 10, "age": 1, "rest": b"\1\2\3\4\5\6\7\x08S"},
    28: {"what": 0, "final": 1, "database": 16389, "cluster": 0x0123456789abcdef, "counting": BEGIN, "reset": 0, "since": BEGIN,
         "at": BEGIN + 1, "base": 100, "sessions": 120, "through_least": 10, "through_most": 13, "at_least": 7, "at_most": 10,
         "gateway": b"shop", "name": b"orders"},
    29: {"began": BEGIN, "seen": BEGIN + 1, "pid": 1234, "port": 54329, "certain": 1, "replication": 0, "over": 1, "verdict": 0, "test": 0,
         "gateway": b"shop", "principal": b"alice", "database": b"orders", "application": b"psql", "address": b"192.0.2.1"},
    30: {"at": BEGIN, "session": 0x0123456789abcd, "pid": 1234, "port": 54329, "sort": 0, "gateway": b"shop", "name": b"orders"},
    31: {"about": 9, "session": 0x0123456789abcd, "count": 3, "since": BEGIN, "rows": 12, "persons": 10, "severity": 4,
         "control": 0, "verdict": 4, "principal": b"alice", "rule": b"budget alice 1h", "text": b"stop"},
    32: {"about": 9, "step": 2, "to": b"ciso"},
    36: {"session": 0x0123456789abcd, "until": BEGIN, "fingerprint": 7, "principal": b"kim", "actor": b"", "rule": b"rule night",
         "fields": b"name", "sql": b"select $1"},
    37: {"number": 9, "uid": 1003, "decision": 1, "who": b"lee", "why": b"ticket"},
    38: {"number": 9, "end": 4},
    41: {"index": 7, "time": 9, "opened": 3, "opened_time": 5, "shape": 2, "shape_time": 4, "length": 17, "opened_length": 1,
         "shape_length": 2, "rest": bytes(16) + b"ASTU"},
    44: {"from": 0x10000, "to": 0x20000, "first": BEGIN, "last": BEGIN, "lines": 0, "unparsed": 0, "exposures": 3,
         "digest": bytes(range(32)), "uid": 1000, "what": 0, "log": b"a/b.lg"},
    40: {"at": BEGIN, "error": -113, "uid": 1000, "control": 0, "held": 1, "gateway": b"shop", "principal": b"kim!",
         "address": b"192.0.2.1", "what": b"rule overseas"},
    48: {"number": 9, "when": BEGIN, "of": 42, "at_least": 3, "at_most": 5, "uid": 1000, "what": 3, "who": b"lee",
         "why": b"ticket", "more": b"{}"},
    49: {"number": 9, "due": BEGIN + 1, "since": BEGIN, "uid": 1000, "state": 1, "name": b"gdpr", "law": b"Art.33"},
    50: {"number": 9, "planted": BEGIN, "retired": BEGIN + 1, "uid": 1000, "kind": b"customer", "principal": b"alice", "who": b"kim", "why": b"bait",
         "decoys": b"d\0\0\0\1\0\0\0" + bytes(range(24)) + bytes(16) + bytes(range(240, 256)) + bytes(16)},
    51: {"number": 9, "at": BEGIN, "uid": 1003, "who": b"lee", "why": b"over"},
    52: {"found": BEGIN + 3, "first": BEGIN, "last": BEGIN + 2, "at_least": 10, "persons": 12, "at_most": 15, "reads": 16,
         "misses": 1, "statistic": -500, "strength": 5000, "evidence": bytes([7]) + bytes(7) + bytes([9]) + bytes(31),
         "together": 2, "severity": 4, "places": 2, "detector": b"growth", "principal": b"app",
         "who": b"role app, address 192.0.2.1", "fields": b"name, phone", "why": b"more"},
    53: {"number": 9, "fields": 5, "kinds": 2, "vocabulary": 7, "relation": 25000, "cluster": 0x0123456789abcdef, "database": 16389, "uid": 1000,
         "gateway": b"shop", "name": b"orders", "schema": b"public", "table": b"customers", "why": b"temp"},
}


@test
def test_payloads_say_what_they_say_to_pasu():
    page = (harness.TREE / "test" / "unit" / "payload_golden.def").read_text()
    found = re.findall(r'^X\((\d+), (\w+),((?:\s*"[0-9a-f ]*")+),', page, re.M)
    equal([int(kind) for kind, *_ in found], list(GOLDEN))
    for kind, name, digits in found:
        payload = bytes.fromhex("".join(re.findall('"(.*)"', digits)))
        equal((name, tool().parse(int(kind), payload)), (tool().PAYLOADS[int(kind)][0], GOLDEN[int(kind)]))
        if kind == "6":
            origin = b"\1\0KR" + (64500).to_bytes(4, "little")
            equal(tool().parse(6, payload + origin), GOLDEN[6] | {"origin": origin})
    tool().check_mark(GOLDEN[13])


def census(place, value):
    """One with this in one of its fields: all others are 0, or 1 where nothing is too low."""
    fields = [0, 0, 0, 5, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1]
    fields[place] = value
    return struct.pack("<BBHI11Q", *fields) + text("shop") + text("")


def incident(number, what, at_least=0, at_most=0):
    return struct.pack("<QqQQQIB3x", number, 0, 0, at_least, at_most, 0, what) + text("") * 2


def clock(state, name, since=0):
    return struct.pack("<QqqIB3x", 1, 0, since, 0, state) + text(name) + text("")


def bypass(at):
    payload = bytearray(28)
    payload[at] = 2
    return bytes(payload) + text("") * 5


def finding(at, value):
    """One of nobody with this byte there."""
    payload = bytearray(128)
    payload[16] = payload[32] = payload[40] = payload[124] = 1
    payload[at] = value
    return bytes(payload) + text("") * 5


@test
def test_what_cannot_be_is_found():
    who = text("kim") + text("why")
    names = [bytearray(ledgerwriter.mark()) for _ in range(3)]
    names[0][34], names[1][40:104], names[2][40 + 10] = 9, b"a" * 64, 1
    right = ledgerwriter.vocabulary([b"a"], [b"b"])
    for kind, payload, words in (
            (2, b"\3\1" + bytes(32), "neither in use nor retired"), (2, b"\1\2" + bytes(32), "another algorithm"),
            (2, b"\2\1" + bytes(32), "never in use"),
            (6, struct.pack("<QQHBB", 1, 1, 1, 2, 0) + text("") * 5, "neither yes nor no"),
            (6, struct.pack("<QQHBB", 1, 1, 1, 0, 2) + text("") * 5, "neither yes nor no"),
            (11, b"\0" + right[1:], "id is not"), (11, ledgerwriter.vocabulary([b"a", b"a"], []), "there twice"),
            (11, ledgerwriter.vocabulary([b""], []), "empty"), (11, ledgerwriter.vocabulary([b"a" * 64], []), "too long"),
            (11, ledgerwriter.vocabulary([], [b"%d" % i for i in range(17)]), "too many"),
            (11, ledgerwriter.vocabulary([b"%d" % i for i in range(65)], []), "too many"),
            (12, struct.pack("<IB3x", DIRECTORY - 1, 0) + bytes(16), "does not give"), (12, struct.pack("<IB3x", DIRECTORY, 16) + bytes(16), "does not"),
            (12, struct.pack("<IB3s", DIRECTORY, 0, b"abc") + bytes(16), "must be zero"),
            (13, bytes(names[0]), "nothing known"), (13, bytes(names[1]), "no zero"), (13, bytes(names[2]), "or more behind"),
            *((13, changed_mark(at, data), words) for at, data, words in MARKS),
            (6, struct.pack("<QQHBB", 1, 1, 1, 0, 0) + text("a" * 64) + text("") * 4, "at most 63"),
            (6, struct.pack("<QQHBB", 1, 1, 1, 0, 0) + text("") * 4 + text("a" * 48), "at most 47"),
            (8, struct.pack("<QIHxx", 1, 1, 1) + text("") * 3 + text("a" * 48), "at most 47"),
            (15, struct.pack("<QII", 0, 0, 0) + text("a" * 64), "at most 63"),
            (14, struct.pack("<IIQQQQ", 64, 0, 1, 0, 0, 0), "cannot be"), (14, struct.pack("<IIQQQQ", 0, 0, 1, 5, 4, 0), "cannot be"),
            (14, struct.pack("<IIQQQQ", 0, 0, 1, 0, 0, 4), "cannot be"),
            (15, struct.pack("<QII", 0, 0, 0) + text("a\0b"), "zero byte"),
            (18, struct.pack("<QB3x", 3, 1) + text("") * 2, "not before it"), (19, struct.pack("<QII", 3, 0, 0) + who, "not before"),
            (21, struct.pack("<IIQQ", 0, 0, 5, 4) + text(""), "ends before it begins"),
            (23, struct.pack("<QII", 1, 0, 0) + who, "that there was not"), (22, struct.pack("<QII", 1, 0, 1) + who, "must be zero"),
            (24, struct.pack("<QQqqQ", 2, 2, 0, 0, 2) + bytes(96), "range that cannot be"),
            (24, struct.pack("<QQqqQ", 0, 2, 0, 0, 1) + bytes(96), "range that cannot be"),
            (24, struct.pack("<QQqqQ", 0, 2, 0, 0, 2) + bytes(64), "not as many roots"),
            (25, struct.pack("<II", 5, 0) + text(""), "does not give"),
            (28, census(0, 8), "a kind that there is not"), (28, census(1, 2), "a kind that there is not"),
            (28, census(7, 2), "ends before it begins"), (28, census(9, 2), "more in base"),
            (28, census(11, 2), "more in through_least"), (28, census(13, 2), "more in at_least"),
            *((29, bypass(at), "neither yes nor no") for at in (22, 23, 24, 26)),
            (30, struct.pack("<qQIHH", 1, 1, 1, 1, 256) + text("") * 2, "must be zero"),
            (30, struct.pack("<qQIHH", 1, 1, 1, 1, 3) + text("") * 2, "of nobody that there is"),
            (30, struct.pack("<qQIHxx", 1, 1, 1, 1) + text("") + text("a" * 64), "at most 63"),
            (48, incident(3, 2), "only a later one can have"), (48, incident(4, 1), "only a later one can have"),
            (48, incident(1, 0), "and cannot be"), (48, incident(1, 13), "and cannot be"), (48, incident(1, 3, 6, 5), "and cannot be"),
            (48, incident(1, 3) + b" " * 16385, "and cannot be"), (49, clock(5, "a"), "a deadline that is none"),
            (49, clock(0, ""), "a deadline that is none"), (49, clock(0, "a", 1), "a deadline that is none"),
            *((52, finding(at, value), words) for at, value, words in (
                (8, 2, "cannot be"), (24, 2, "cannot be"), (40, 0, "cannot be"), (80, 1, "of places"), (124, 0, "no severity"),
                (124, 6, "no severity"), (125, 6, "of places"), (126, 1, "must be zero"))),
            (26, struct.pack("<QBBxxI", 3, 0, 0, 0) + bytes(64), "not before it")):
        made = Ledger()
        made.add(kind, payload, payload[:48] if kind == 26 else None)
        if kind in (11, 12, 13):
            made.taken(1)
        status, found, _ = run(saved(made))
        has(found, words)
        equal((status, len(faults(found)), faults(found)[0]["record"]), (1, 1, 3))
    for origin in ("", "with space", "a+b", "a" * 201, b"\xff"):
        made = Ledger(begin=False)
        made.add(1, bytes(16) + text(origin))
        has(run(saved(made))[1], "the origin is no name of a key")
    made = Ledger()
    made.prune(2)
    made.prune(4, 3)
    has(run(saved(made))[1], "does not go on")


@test
def test_the_first_record_and_no_other_is_begun():
    made = Ledger(begin=False)
    made.add(2, b"\1\1" + made.signer.public)
    has(run(saved(made))[1], "`begun`")
    made = Ledger()
    made.add(1, bytes(16) + text("again"))
    has(run(saved(made))[1], "`begun`")


# ---- encryption ----

@test
def test_encrypted_segments_verify_with_the_key_and_say_what_they_need_without():
    key = bytes(range(32, 64))
    made = ledgerwriter.everything(90, 20, encryption=key)
    folder = saved(made, tiles=False)
    right, other = file(key), file(bytes(32))
    status, found, summary = run(folder, "--encryption-key", right, "--key", made.signer.vkey)
    equal((status, faults(found), summary["covered"]), (0, [], len(made.entries)))
    status, found, _ = run(folder)
    equal((status, faults(found)), (2, []))
    has(found, "--encryption-key is needed", "unseen")
    status, found, _ = run(folder, "--encryption-key", other)
    equal(status, 1)
    has(found, "cannot be decrypted")
    equal(run(folder, "--encryption-key", file(bytes(31)))[0], 2)
    number, begin = made.places[36]
    for at in (begin + 16, begin + HEAD, begin + HEAD + 20):
        folder = patched(made, number, at, bytes([made.segments[number][1][at] ^ 1]), whole=True)
        has(run(folder, "--encryption-key", right)[1], "cannot be decrypted")


# ---- proofs ----

@test(limit=180)
def test_a_proof_with_its_entry_verifies_and_no_flipped_bit_of_either():
    made = small()
    for index, size in ((0, 1), (0, 90), (63, 64), (64, 65), (88, 90), (89, 90), (10, 77)):
        entry = file(made.entries[index])
        equal(run("--proof", file(made.proof(index, size)), "--entry", entry, "--key", made.signer.vkey)[0], 0)
        equal(run("--proof", file(made.proof(index, size)), "--entry", entry, "--key", Signer(3).vkey)[0], 1)
    witness = Signer(7, "witness.example/w", 4)
    proof, entry, words = made.proof(15, 21, made.signer, witness), made.entries[15], ("--witness", witness.vkey)
    paths = [harness.folder() / "flipped-proof", harness.folder() / "flipped-entry"]
    for number, good in enumerate((proof, entry)):
        for at in range(8 * len(good)):
            data = [proof, entry]
            data[number] = bytearray(good)
            data[number][at // 8] ^= 1 << at % 8
            for path, content in zip(paths, data):
                path.write_bytes(content)
            status = run("--proof", paths[0], "--entry", paths[1], "--key", made.signer.vkey, *words)[0]
            assert status == 1, f"bit {at} of {'proof' if not number else 'entry'}"


# ---- whoever wrote it is hostile ----

@test
def test_a_proof_of_a_log_that_signed_nonsense_is_refused():
    signer, made = Signer(), small()

    def judged(entry, index, path, size, tree):
        lines = [base64.b64encode(one).decode() for one in path]
        proof = "\n".join(["c2sp.org/tlog-proof@v1", f"index {index}", *lines, "", ""]).encode()
        return run("--proof", file(proof + ledgerwriter.note(size, tree, signer)), "--entry", file(entry), "--key", signer.vkey)[0]
    leaves, entries = made.leaves, made.entries
    equal(judged(entries[0], 0, [leaves[1]], 2, ledgerwriter.root(leaves[:2])), 0)
    equal(judged(entries[0], 0, [leaves[1]], 4, ledgerwriter.root(leaves[:2])), 1)  # too short a path
    equal(judged(entries[1], 1, [], 1, leaves[1]), 1)  # an index behind the end
    equal(judged(entries[1], 0, [], 1, leaves[1]), 1)  # an entry that names another index
    long = b"".join(leaves[1:3])
    equal(judged(entries[0], 0, [long], 2, ledgerwriter.sha(b"\1" + leaves[0] + long)), 1)


def spoil(files, chance):
    """Two of them get other bytes, and may lose some."""
    for path in chance.sample(files, 2):
        data = bytearray(path.read_bytes())
        for _ in range(chance.choice((1, 8, 200))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        begin = chance.randrange(len(data))
        if chance.random() < 0.3:
            del data[begin:begin + chance.randrange(1, 300)]
        path.write_bytes(data)


@test(limit=180)
def test_nothing_that_a_folder_holds_brings_the_verifier_down():
    chance, made = random.Random(4), small()
    for _ in range(400):
        folder = saved(made, tiles=chance.random() < 0.3, room=256)
        files = [path for path in folder.rglob("*") if path.is_file()]
        spoil(files, chance)
        status = run(folder)[0]
        assert status in (0, 1, 2), status
        shutil.rmtree(folder)
    for garbage in (b"", b"\xff" * 5000, bytes(5000), chance.randbytes(100000)):
        folder = saved(made, tiles=False)
        for path in (segment(folder, 1), segment(folder, 4), folder / "checkpoint"):
            path.write_bytes(garbage)
        equal(run(folder)[0], 1)


@test(limit=60)
def test_pipes_links_and_huge_indexes_are_neither_followed_nor_waited_for():
    made = small()
    folder = saved(made)
    segment(folder, 2).unlink()
    os.mkfifo(folder / "segments" / f"{made.segments[2][0]:020d}.seg")
    has(run(folder)[1], "no regular file")
    folder = saved(made)
    other = segment(folder, 2).rename(harness.folder() / f"moved{next(names)}")
    segment(folder, 2).with_name(f"{made.segments[2][0]:020d}.seg").symlink_to(other)
    has(run(folder)[1], "cannot be read")
    folder = saved(made)
    shutil.copy(segment(folder, 4), folder / "segments" / f"{2**62:020d}.seg")
    equal(run(folder)[0], 1)
    made = Ledger()
    made.add(3)
    struct.pack_into("<Q", made.segments[0][1], made.places[3][1] + 8, 2**62)
    made.segments[0][1][made.places[3][1]:] = ledgerwriter.seal(made.segments[0][1][made.places[3][1]:], made.segments[0][2])
    has(run(saved(made))[1], "out of place")
    made, folder = small(), saved(small())
    (folder / "tile/0/000.p").mkdir(exist_ok=True)
    (folder / "tile/0/000.p/7").symlink_to("/dev/zero")
    equal(run(folder)[0], 1)
    equal(run(fresh())[0], 2)


@test(limit=60)
def test_a_segment_full_of_what_looks_like_records_takes_no_hours():
    made = small()
    folder = saved(made, tiles=False)
    path = segment(folder, 1)
    decoy = struct.pack("<IIQQHHI", 65000, 1, made.segments[1][0] + 1, 0, 15, 0, 0)
    path.write_bytes(path.read_bytes()[:HEADER] + decoy * (1 << 17))
    has(run(folder)[1], "behind it there is none")


@test
def test_a_record_inside_of_a_damaged_one_is_not_taken_for_the_next():
    made = Ledger()
    inner = ledgerwriter.seal(struct.pack("<IIQQHHI", 0, 0, 4, BEGIN, 4, 0, 0), made.segments[0][2])
    made.add(10, bytes(8) + inner)
    for _ in range(3):
        made.add(15, struct.pack("<QII", 1, 0, 0) + text("a"))
    folder = patched(made, 0, made.places[3][1] + 32, b"\xff")
    status, found, _ = run(folder)
    equal((status, len([one for one in faults(found) if one["offset"]])), (1, 1))


@test
def test_as_a_program_it_needs_little_memory_prints_no_control_characters_and_ends_with_a_verdict():
    made = small()
    folder = saved(made)
    (folder / "segments" / "evil\033[2J\nname").write_bytes(b"")

    def limited():
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))

    def program(*words, **more):
        return subprocess.run([TOOL, *words], stdout=more.get("stdout", subprocess.PIPE), stderr=subprocess.PIPE, text=True,
                              check=False, preexec_fn=limited, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    done = program(folder)
    equal((done.returncode, done.stderr), (1, ""))
    assert "\033" not in done.stdout and "evil" in done.stdout, done.stdout
    assert f"records {len(made.entries)}" in done.stdout.splitlines()[-1], done.stdout
    vast = Ledger()
    head, ((start, _),) = exposure(part([1, 2, 3, 4, 5], []))
    vast.expose((head, [(start, [struct.pack("<III", 1, 0, 2**32 - 1), b""])]))
    vast.taken(1)
    done = program(saved(vast))  # a list that would not fit into the memory
    equal((done.returncode, done.stderr), (1, ""))
    wrong = made.signer.vkey.replace("+", "+0", 1)
    for words in ((folder, "--key", wrong), (folder, "--witness", made.signer.vkey), (), ("--proof", "x"), ("--compare", "x", "y"), (folder, "--key", "nonsense"), (folder, "--no-such"),
                  (folder / "not-there",), (folder, "--checkpoint", folder / "not-there")):
        done = program(*words)
        equal((done.returncode, "Traceback" in done.stderr), (2, False))
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = program(folder, stdout=full)
    equal((done.returncode, "Traceback" in done.stderr), (2, False))


@test
def test_what_pasu_itself_writes_verifies_at_each_of_its_checkpoints():
    folder = fresh()
    folder.mkdir()
    program, published = harness.PASU.parent / "test" / "integration" / "ledger_write", []
    for seed in range(4):
        made = subprocess.run([program, folder, str(seed), "30", "300000"], capture_output=True, text=True, check=True)
        published.append(shutil.copy(folder / "checkpoint", harness.folder() / f"published{next(names)}"))
    words = [word for one in published for word in ("--checkpoint", one)]
    status, found, summary = run(folder, "--key", made.stdout.strip(), *words)
    equal((status, faults(found)), (0, []))
    assert summary["records"] > 2000 and summary["exposures"] > 1500 and len(list((folder / "segments").iterdir())) > 5


@test
def test_what_pasu_itself_encrypts_verifies_with_all_of_its_keys():
    folder = fresh()
    folder.mkdir()
    program, keys = harness.PASU.parent / "test" / "integration" / "ledger_write", [bytes([n]) * 32 for n in range(3)]
    for run_with in ([], keys[:1], keys[:1], [keys[1], keys[0]], [keys[2], keys[1], keys[0]]):
        words = [program, folder, str(len(run_with)), "20", "100000", *(key.hex() for key in run_with)]
        made = subprocess.run(words, capture_output=True, text=True, check=True)
    given = [word for key in keys for word in ("--encryption-key", file(key.hex().encode() + b"\n"))]
    status, found, summary = run(folder, "--key", made.stdout.strip(), *given)
    equal((status, faults(found), summary["covered"]), (0, [], summary["records"]))
    assert summary["exposures"] > 1000
    status, found, _ = run(folder, *given[:2], "--key", made.stdout.strip())
    equal(status, 1)
    has(found, "cannot be decrypted")
    stored = b"".join(path.read_bytes() for path in (folder / "segments").iterdir())
    assert 0 < stored.count(b"SELECT $1") < 100 and stored.count(b"pasuseg") > 10


if __name__ == "__main__":
    harness.main()
