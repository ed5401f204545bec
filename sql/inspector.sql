-- SPDX-License-Identifier: Apache-2.0
-- What pasu's inspector needs, in the database that gateway.inspector.database names. Run it as a
-- superuser; running it again changes nothing. Afterwards give the role a password:
--     \password pasu
-- and put the same into the file that gateway.inspector.password_file names.
--
-- The role is no superuser and owns nothing that matters: it may log in, read the catalogs as
-- everybody may, and call one function.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'pasu') THEN
        CREATE ROLE pasu LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT;
    END IF;
END
$$;

CREATE SCHEMA IF NOT EXISTS pasu;
REVOKE ALL ON SCHEMA pasu FROM PUBLIC;
GRANT USAGE ON SCHEMA pasu TO pasu;

-- The password verifier of a role that may log in now. It is read with the rights of the function's
-- owner; its search_path is its own, so that nobody can put other tables or operators under it. NULL
-- for a role that is not there, has no password, may not log in, or whose password has expired.
CREATE OR REPLACE FUNCTION pasu.verifier(name text) RETURNS text
LANGUAGE sql STABLE STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT rolpassword
      FROM pg_catalog.pg_authid
     WHERE rolname = $1
       AND rolcanlogin
       AND (rolvaliduntil IS NULL OR rolvaliduntil > pg_catalog.now())
$$;
REVOKE ALL ON FUNCTION pasu.verifier(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pasu.verifier(text) TO pasu;

COMMIT;
