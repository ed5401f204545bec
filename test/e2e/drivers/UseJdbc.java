// SPDX-License-Identifier: Apache-2.0

import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;

/** PostgreSQL's JDBC driver through the gateway; see ../test_drivers.py. */
public class UseJdbc {
    static void check(boolean isSo, String what) {
        if (!isSo) {
            throw new IllegalStateException(what);
        }
    }

    static String name(Connection db, int id) throws SQLException {
        try (PreparedStatement ask = db.prepareStatement("SELECT name FROM people WHERE id = ?")) {
            ask.setInt(1, id);
            try (ResultSet rows = ask.executeQuery()) {
                check(rows.next(), "a row");
                return rows.getString(1);
            }
        }
    }

    static void copies(Connection db, int expected) throws Exception {
        CopyManager copy = db.unwrap(PGConnection.class).getCopyAPI();
        StringWriter text = new StringWriter();
        check(copy.copyOut("COPY people TO STDOUT", text) == expected, "copy out");
        try (Statement make = db.createStatement()) {
            make.execute("CREATE TEMP TABLE inbox (LIKE people)");
        }
        check(copy.copyIn("COPY inbox FROM STDIN", new StringReader(text.toString())) == expected, "copy in");
        db.commit();
    }

    static void notifies(Connection db, String url) throws SQLException {
        try (Statement listen = db.createStatement()) {
            listen.execute("LISTEN news");
        }
        try (Connection other = DriverManager.getConnection(url); Statement tell = other.createStatement()) {
            tell.execute("NOTIFY news, 'arrived'");
        }
        PGNotification[] news = db.unwrap(PGConnection.class).getNotifications(20000);
        check(news != null && news[0].getParameter().equals("arrived"), "notify");
    }

    /** After its time the driver sends a cancel request. */
    static void cancels(Connection db) throws SQLException {
        try (Statement slow = db.createStatement()) {
            slow.setQueryTimeout(1);
            slow.execute("SELECT pg_sleep(50)");
            check(false, "not cancelled");
        } catch (SQLException error) {
            check("57014".equals(error.getSQLState()), error.toString());
        }
    }

    public static void main(String[] words) throws Exception {
        String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT")
                + "/postgres?user=clerk&password=" + System.getenv("PGPASSWORD");
        if (System.getenv("PGSSLMODE") != null) {
            url += "&sslmode=" + System.getenv("PGSSLMODE") + "&sslrootcert="
                    + System.getenv("PGSSLROOTCERT");
        }
        int expected = Integer.parseInt(System.getenv("TREE_ROWS"));
        try (Connection db = DriverManager.getConnection(url)) {
            for (int i = 0; i < 8; i++) { // from the fifth on the server keeps the statement
                check(name(db, 17).equals("name 17"), "name");
            }
            db.setAutoCommit(false);
            try (Statement change = db.createStatement()) {
                check(change.executeUpdate("UPDATE people SET name = 'other' WHERE id = 17") == 1, "update");
            }
            db.rollback();
            try (Statement wrong = db.createStatement()) {
                wrong.executeQuery("SELECT 1 / 0");
                check(false, "no error");
            } catch (SQLException error) {
                check("22012".equals(error.getSQLState()), error.toString());
            }
            db.rollback();
            check(name(db, 17).equals("name 17"), "rolled back");
            try (Statement many = db.createStatement()) {
                many.setFetchSize(500); // a portal, some rows at a time
                int count = 0;
                try (ResultSet rows = many.executeQuery("SELECT id, name, worth FROM people")) {
                    while (rows.next()) {
                        count++;
                    }
                }
                check(count == expected, count + " rows");
            }
            try (PreparedStatement batch = db.prepareStatement("UPDATE people SET worth = worth WHERE id = ?")) {
                for (int id = 1; id <= 200; id++) {
                    batch.setInt(1, id);
                    batch.addBatch();
                }
                check(batch.executeBatch().length == 200, "batch");
            }
            db.commit();
            copies(db, expected);
            db.setAutoCommit(true);
            notifies(db, url);
            cancels(db);
        }
        System.out.println("fine");
    }
}
