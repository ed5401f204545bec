// SPDX-License-Identifier: Apache-2.0

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

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

    public static void main(String[] words) throws Exception {
        String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT")
                + "/postgres?user=clerk&sslmode=" + System.getenv("PGSSLMODE") + "&sslrootcert="
                + System.getenv("PGSSLROOTCERT");
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
        }
        System.out.println("fine");
    }
}
