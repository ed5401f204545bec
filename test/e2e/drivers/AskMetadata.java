// SPDX-License-Identifier: Apache-2.0

import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Comparator;

/** Prints all that JDBC's DatabaseMetaData says of a database; see ../test_same.py. */
public class AskMetadata {
    static void print(String title, ResultSet rows) throws SQLException {
        ResultSetMetaData columns = rows.getMetaData();
        System.out.println("== " + title);
        while (rows.next()) {
            StringBuilder line = new StringBuilder();
            for (int i = 1; i <= columns.getColumnCount(); i++) {
                line.append(columns.getColumnLabel(i)).append('=').append(rows.getString(i)).append(' ');
            }
            System.out.println(line);
        }
    }

    /** Null where any is meant; the table's name for what asks for one table. */
    static Object argument(Class<?> type, int index) {
        if (type == String.class) {
            return index == 2 ? "customers" : null;
        }
        if (type == boolean.class) {
            return false;
        }
        return type == int.class ? (Object) 1 : null;
    }

    static void ask(DatabaseMetaData data, Method method) {
        Class<?>[] types = method.getParameterTypes();
        Object[] arguments = new Object[types.length];
        for (int i = 0; i < types.length; i++) {
            arguments[i] = argument(types[i], i);
        }
        try {
            Object said = method.invoke(data, arguments);
            if (said instanceof ResultSet) {
                print(method.getName(), (ResultSet) said);
            } else if (!(said instanceof Connection) && !method.getName().equals("getURL")) {
                System.out.println(method.getName() + ": " + said);
            }
        } catch (ReflectiveOperationException | SQLException error) {
            System.out.println(method.getName() + ": " + (error.getCause() == null ? error : error.getCause()));
        }
    }

    static void describe(Connection db, String sql) throws SQLException {
        try (PreparedStatement ask = db.prepareStatement(sql)) {
            ResultSetMetaData columns = ask.getMetaData();
            for (int i = 1; i <= columns.getColumnCount(); i++) {
                System.out.println(columns.getTableName(i) + "." + columns.getColumnName(i) + " "
                        + columns.getColumnTypeName(i) + " " + columns.isNullable(i) + " " + columns.isAutoIncrement(i));
            }
            System.out.println(ask.getParameterMetaData().getParameterCount());
        }
    }

    public static void main(String[] words) throws Exception {
        String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/"
                + System.getenv("PGDATABASE") + "?sslmode=disable&user=" + System.getenv("PGUSER");
        try (Connection db = DriverManager.getConnection(url)) {
            Method[] methods = DatabaseMetaData.class.getMethods();
            Arrays.sort(methods, Comparator.comparing(Method::toString));
            for (Method method : methods) {
                ask(db.getMetaData(), method);
            }
            print("all columns", db.getMetaData().getColumns(null, "public", "%", "%"));
            describe(db, "SELECT name, phone FROM customers WHERE grade = ?");
            describe(db, "SELECT c.name, o.* FROM customers c JOIN orders o ON o.customer_id = c.id");
            try (PreparedStatement ask = db.prepareStatement("SELECT * FROM customers ORDER BY id LIMIT 5",
                    ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
                ResultSet rows = ask.executeQuery();
                while (rows.next()) {
                    rows.updateString("region", rows.getString("region"));
                    rows.updateRow();
                }
                rows.first();
                rows.refreshRow();
                System.out.println(rows.getString("name"));
            }
            try (PreparedStatement insert = db.prepareStatement("INSERT INTO orders (customer_id, item, amount, placed_at)"
                    + " VALUES (1350, 'x', 1, '2026-01-01')", new String[] {"id", "item"})) {
                insert.executeUpdate();
                print("keys", insert.getGeneratedKeys());
            }
            db.prepareStatement("DELETE FROM orders WHERE item = 'x'").executeUpdate();
        }
    }
}
