#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu ledger verify and tools/verify-ledger share no code: of each ledger both must find the same."""
import json
import os
import random
import shutil
import subprocess

import harness
import ledgerwriter
import test_verifier as verifier
from ledgerwriter import Ledger, Signer
from stage import equal, test
from test_verifier import file, fresh, saved, segment, spans

HEADER = 64


def pasu(*words):
    done = subprocess.run([harness.PASU, "ledger", *map(str, words)], capture_output=True, text=True, check=False)
    equal(done.stderr, "")
    return done


def ours(folder, *words):
    """(exit status, findings, summary) of pasu ledger verify."""
    done = pasu("verify", "--folder", folder, "--json", *words)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, lines[:-1], lines[-1]


def both(folder, *words):
    """What both find; their verdicts and what they say of the whole are the same."""
    status, found, summary = ours(folder, *words)
    other_status, other, other_summary = verifier.run(folder, *words)
    assert status == other_status, (status, found, other_status, other)
    for key in ("records", "covered", "root", "next", "first"):
        equal((key, summary[key]), (key, other_summary[key]))
    return [one for one in found if one["kind"] == "fault"], [one for one in other if one["kind"] == "fault"]


def places(found):
    return {(one["file"], one["offset"], one["record"]) for one in found if one["offset"] is not None}


@test
def test_a_good_ledger_is_good_to_both():
    made = ledgerwriter.everything()
    old = [file(made.note(made.closed(size))) for size in (2, 13, 256, 257, 400)]
    words = [word for path in old for word in ("--checkpoint", path)]
    equal(both(saved(made), "--key", made.signer.vkey, *words), ([], []))
    equal(both(saved(made, tiles=False)), ([], []))


@test
def test_what_pasu_writes_is_good_to_both_and_its_checkpoint_is_printed():
    folder = fresh()
    folder.mkdir()
    program = harness.PASU.parent / "test" / "integration" / "ledger_write"
    for seed in range(3):
        made = subprocess.run([program, folder, str(seed), "30", "300000"], capture_output=True, text=True, check=True)
    key = file(made.stdout.encode())
    equal(both(folder, "--key", made.stdout.strip()), ([], []))
    done = pasu("checkpoint", "--folder", folder, "--key", key)
    equal((done.returncode, done.stdout.encode()), (0, (folder / "checkpoint").read_bytes()))
    found = json.loads(pasu("checkpoint", "--folder", folder, "--json").stdout)
    equal((found["key"], found["note"]), (made.stdout.strip(), done.stdout))
    (folder / "checkpoint").write_text(done.stdout.replace("\n", "1\n", 1), encoding="utf-8")
    equal(subprocess.run([harness.PASU, "ledger", "checkpoint", "--folder", folder], capture_output=True, check=False).returncode, 1)


@test(limit=180)
def test_a_changed_byte_is_found_by_both_at_the_same_place():
    made = verifier.small()
    for tiles in (False, True):
        folder = saved(made, tiles=tiles)
        for number in (0, 2, 4):
            path = segment(folder, number)
            good = path.read_bytes()
            for begin, end in spans(made, number)[::2]:
                at = begin + (begin * 7 + number) % (end - begin)
                path.write_bytes(good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1:])
                found, other = both_verdicts(folder)
                place = (f"segments/{path.name}", begin, verifier.index_of(made, number, begin))
                assert place in places(found) and place in places(other), (place, found, other)
            path.write_bytes(good)


def both_verdicts(folder, *words):
    """Faults of both, which must agree that there are some; a record that is not whole may still have its entry, and
    only one of the two tries."""
    found, other = ours(folder, *words), verifier.run(folder, *words)
    assert found[0] == 1 and other[0] == 1, (found, other)
    return [[one for one in lines if one["kind"] == "fault"] for _, lines, _ in (found, other)]


@test(limit=120)
def test_a_change_under_a_fitting_checksum_is_located_by_both():
    made = verifier.small()
    for number, begin in [(1, at) for at, _ in spans(made, 1)[::2]] + [(3, at) for at, _ in spans(made, 3)[::3]]:
        index = verifier.index_of(made, number, begin)
        changed = bytes([made.segments[number][1][begin + 16] ^ 2])
        folder = verifier.patched(made, number, begin + 16, changed, whole=True, tiles=True)
        for found in both(folder):
            assert index in {one["record"] for one in found}, (index, found)


@test
def test_records_and_segments_that_are_elsewhere_are_found_by_both():
    made = verifier.small()
    usual = list(range(len(spans(made, 1))))
    for order in (usual[:3] + usual[4:], usual[:3] + [4, 3] + usual[5:], usual[:4] + usual[3:], usual[1:]):
        both_verdicts(verifier.rearranged(made, 1, order))
    for number in (0, 2, 4):
        folder = saved(made, tiles=False)
        segment(folder, number).unlink()
        both_verdicts(folder)
    for cut in range(1, 200, 23):
        folder = saved(made, tiles=False, room=0)
        os.truncate(segment(folder, -1), segment(folder, -1).stat().st_size - cut)
        found, other = both_verdicts(folder)
        assert "cut" in {one["what"] for one in found} and any("cut off" in one["text"] for one in other), (found, other)


@test
def test_what_the_ledgers_key_has_not_signed_at_its_place_is_found_by_both_there():
    # That records were deleted: behind the last checkpoint, and under one; and after a change of the key.
    old, new = Signer(1), Signer(2)
    for is_changed in (False, True):
        for how in ({"signature": bytes(64)}, {"signer": Signer(9)}, {"signer": old if is_changed else new}, {"off": 1},
                    {"origin": "ledger.example/other"}, {}):
            made = ledgerwriter.everything(300, 100, signer=old)
            made.prune(made.segments[1][0])
            change = verifier.changed(made, old, new) if is_changed else None
            signed = made.note()
            index = made.prune(made.segments[2][0], made.segments[1][0], **how)
            folder = verifier.deleted(made, made.segments[1][0], True)
            if change:
                (folder / change[0]).write_bytes(change[1])
            for note in (signed, made.note()):
                (folder / "checkpoint").write_bytes(note)
                mine, other = both(folder, "--key", made.signer.vkey)
                equal(places(mine), places(other))
                equal([one["record"] for one in mine if one["what"] == "forged"], [index] if how else [])
                # Under a checkpoint it is also what the ledger begins with, and nothing signed says so.
                equal([one["what"] for one in mine][1:], ["missing"] if how and note != signed else [])


@test
def test_a_fork_is_called_so():
    signer, ends = ledgerwriter.Signer(), []
    for name in (b"a", b"b"):
        made = Ledger(signer)
        for number in range(5):
            made.add(15, number.to_bytes(16, "little") + ledgerwriter.text(name))
        ends.append(made)
    folder, other = saved(ends[0]), file(ends[1].note())
    for found in both(folder, "--checkpoint", other):
        assert any("fork" in one["text"] or one.get("what") == "fork" for one in found), found


@test(limit=120)
def test_while_the_ledger_is_written_nothing_is_found():
    folder = fresh()
    folder.mkdir()
    program = harness.PASU.parent / "test" / "integration" / "ledger_write"
    subprocess.run([program, folder, "0", "1", "300000"], capture_output=True, check=True)
    looks, records = 0, set()
    for seed in range(1, 13):
        with subprocess.Popen([program, folder, str(seed), "400", "3000000"], stdout=subprocess.DEVNULL) as writer:
            while writer.poll() is None:
                status, found, summary = ours(folder)
                equal((status, summary["unseen"], [one for one in found if one["kind"] == "fault"]), (0, 0, []))
                looks += 1
                records.add(summary["records"])
            equal(writer.returncode, 0)
    assert looks >= 12 and len(records) > 12, (looks, records)
    equal(both(folder), ([], []))


@test
def test_what_a_crash_leaves_is_no_fault_to_both():
    made = verifier.small()
    folder = saved(made)
    with open(segment(folder, 1), "ab") as closed:
        closed.write(bytes(4096))
    (folder / "segments" / "next.tmp").write_bytes(bytes(10))
    (folder / "tile" / ".new").write_bytes(bytes(10))
    equal(both(folder, "--key", made.signer.vkey), ([], []))
    begun = Ledger(begin=False)
    begun.add(1, bytes(range(16)) + ledgerwriter.text(ledgerwriter.ORIGIN))
    begun.add(2, b"\1\1" + begun.signer.public)
    equal(both(saved(begun, checkpoint=False)), ([], []))
    begun.add(3)
    equal([len(found) for found in both(saved(begun, checkpoint=False))], [1, 1])


@test
def test_what_no_keeper_puts_there_is_a_fault_to_both():
    made = verifier.small()
    for name in ("tile/0/x000", "tile/0/000.p/256", "tile/" + "x" * 255, "segments/00000000000000000001.seg.old"):
        folder = saved(made)
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(bytes(32))
        for found in both(folder):
            equal((name, len(found)), (name, 1))
    folder = saved(made)
    (folder / "checkpoint").rename(folder / "elsewhere")
    (folder / "checkpoint").symlink_to("elsewhere")
    for found in both(folder):
        equal([one["file"] for one in found], ["checkpoint"])


@test(limit=180)
def test_of_hostile_folders_both_say_the_same():
    chance, made = random.Random(9), verifier.small()
    differ = 0
    for _ in range(150):
        folder = saved(made, tiles=chance.random() < 0.3, room=256)
        files = [path for path in (folder / "segments").iterdir()] + [folder / "checkpoint"]
        verifier.spoil(files, chance)
        mine, other = ours(folder), verifier.run(folder)
        assert mine[0] in (1, 2) and other[0] in (1, 2), (mine, other)
        differ += mine[0] != other[0]
        shutil.rmtree(folder)
    assert differ == 0, differ


@test
def test_an_encrypted_ledger_is_looked_at_as_far_as_it_can_be():
    made = ledgerwriter.everything(90, 20, encryption=bytes(range(32, 64)))
    status, found, summary = ours(saved(made, tiles=False))
    equal(status, 2)
    equal((summary["records"], summary["faults"]), (len(made.entries), 0))
    assert {"encrypted", "no_root"} <= {one["what"] for one in found}, found
    status, found, summary = ours(saved(made), "--key", made.signer.vkey)
    equal((status, summary["covered"]), (2, len(made.entries)))


@test
def test_it_says_what_is_wrong_with_a_command_line():
    folder = saved(verifier.small())
    for words in (("verify",), ("verify", "-c", "x", "--folder", folder), ("verify", "--folder", folder, "--key", "nonsense"),
                  ("verify", "--folder", folder, "--checkpoint", "not-there"), ("verify", "--folder", folder / "not-there"),
                  ("export", "--folder", folder), ("checkpoint", "--folder", folder, "--checkpoint", "x"), ("scan", "--folder", folder)):
        done = subprocess.run([harness.PASU, "ledger", *words], capture_output=True, text=True, check=False)
        equal((words, done.returncode), (words, 2))
        assert done.stderr.startswith("pasu: "), done.stderr


if __name__ == "__main__":
    harness.main()
