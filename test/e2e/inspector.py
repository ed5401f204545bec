# SPDX-License-Identifier: Apache-2.0
"""The gateway's own role on a server, made by the SQL that the project ships."""
import harness

USER, PASSWORD = "pasu", "inspector's password"


def install(server, guard_folder=None, databases=("postgres",)):
    """Installs sql/inspector.sql; the gateway's `inspector` setting."""
    folder = guard_folder or harness.folder()
    secret = folder / f"inspector-{server.name}.password"
    secret.write_text(PASSWORD + "\n", encoding="utf-8")
    secret.chmod(0o600)
    if not harness.DIRECT:
        for database in databases:
            server.script(harness.TREE / "sql" / "inspector.sql", database)
        quoted = PASSWORD.replace("'", "''")
        server.sql(f"ALTER ROLE {USER} LOGIN PASSWORD '{quoted}'")
    return {"user": USER, "password_file": str(secret), "database": databases[0]}
