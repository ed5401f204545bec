#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What clients send before they have read the answers: it is answered as without pasu."""
import harness
import process
import shop
import stage
from stage import equal, test
import wire


@harness.shared
def plain():
    return stage.front()


@harness.shared
def seeing():
    shop.server().sql("CREATE TABLE a_inbox (k int, v text); GRANT ALL ON a_inbox TO app, analyst")
    return shop.front("ahead")


def run_of(sql):
    return wire.parse(sql) + wire.bind() + wire.execute()


@test
def test_long_after_an_error():
    """A pipeline whose first statement has failed may go on for thousands before its Sync"""
    with seeing().login(user="app", application_name="long") as session:
        for count in (1, 5000):
            equal(session.exchange(run_of("SELECT 1 / 0") + wire.FLUSH, "E").code, "22012")
            rest = (run_of("SELECT 1") + run_of("SELECT name FROM customers")) * count
            result = session.exchange(rest + wire.query("SELECT 2") + wire.SYNC + wire.query("SELECT 'next'"))
            equal(result.types, "Z")
            equal(session.result().rows, [["next"]])
        session.terminate()


@test
def test_sync_ahead_of_a_copy():
    """A Sync that is sent before it is known that a copy comes in is ignored, one behind the data is not"""
    copy = wire.parse("COPY a_inbox FROM STDIN") + wire.bind() + wire.execute()
    good = wire.copy_data(b"1\ta\n") + wire.COPY_DONE
    for front, name in ((plain, "plain"), (seeing, "seeing")):
        front().behind.sql("DROP TABLE IF EXISTS a_inbox; CREATE TABLE a_inbox (k int, v text); GRANT ALL ON a_inbox TO public")
        with front().login(application_name=name) as session:
            for ahead, data, due in ((wire.SYNC, good, "CZ"), (wire.SYNC * 3, good, "CZ"), (b"", good, "CZ"), (wire.FLUSH, good, "CZ"),
                                     (wire.SYNC, wire.copy_data(b"x\ty\n") + wire.COPY_DONE, "EZ"), (wire.SYNC, wire.copy_fail("no"), "EZ")):
                equal(session.exchange(copy + ahead, "G").types, "12G")
                equal(session.exchange(data + wire.SYNC).types, due)
                equal(session.exchange(copy + ahead + data + wire.SYNC).types, "12G" + due)
                equal(session.value("SELECT 'next'"), "next")
            equal(session.exchange(wire.query("COPY a_inbox FROM STDIN") + wire.SYNC, "G").types, "G")
            equal(session.exchange(good + wire.query("SELECT 1")).types, "CZ")
            equal(session.result().types, "TDCZ")
            if not harness.DIRECT:
                process.until(lambda: [one["state"] for one in front().guard.sessions() if one["application"] == name] == ["idle"], "an idle session")


@test
def test_slow_reader():
    """A client that says goodbye and then reads slowly gets all that the server had for it"""
    for front in (plain, seeing):
        with front().login(receive_buffer=4096) as session:
            session.send(wire.query("SELECT repeat('x', 8000) FROM generate_series(1, 700)") + wire.TERMINATE)
            process.until(lambda: front().behind.backends("query LIKE '%generate_series(1, 700)%'") == 0, "the server's end of it")
            data = session.read_end()
            assert len(data) > 700 * 8000 and data.endswith(b"Z\0\0\0\5I"), len(data)


if __name__ == "__main__":
    harness.main()
