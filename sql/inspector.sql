-- SPDX-License-Identifier: Apache-2.0
-- What pasu's inspector needs, in the database that gateway.inspector.database names, and in every
-- database in which the configuration names tables of subjects. Run it as a superuser; running it
-- again changes nothing. Afterwards give the role a password:
--     \password pasu
-- and put the same into the file that gateway.inspector.password_file names.
--
-- The role is no superuser and owns nothing that matters: it may log in, read the catalogs as
-- everybody may, and call two functions.

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

-- How many rows a table has: the number of its subjects, which the inspector needs to know and has
-- no right to count itself. Nothing but tables is counted: a view, or another server's table, would
-- run what its owner put there with the rights of this function's owner. That nobody puts one in the
-- table's place while it is counted, the setting sees to, on servers that have it (13.16, 14.13,
-- 15.8, 16.4, 17 and later).
CREATE OR REPLACE FUNCTION pasu.population(relation regclass) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = off
AS $$
DECLARE
    rows bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_class c
                   WHERE c.oid = relation AND c.relkind IN ('r', 'p', 'm')) THEN
        RAISE EXCEPTION '% is no table', relation USING ERRCODE = 'wrong_object_type';
    END IF;
    IF EXISTS (SELECT FROM pg_catalog.pg_settings s
               WHERE s.name = 'restrict_nonsystem_relation_kind') THEN
        PERFORM pg_catalog.set_config('restrict_nonsystem_relation_kind', 'view, foreign-table', true);
    END IF;
    EXECUTE pg_catalog.format('SELECT pg_catalog.count(*) FROM %s', relation) INTO rows;
    RETURN rows;
END
$$;
REVOKE ALL ON FUNCTION pasu.population(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pasu.population(regclass) TO pasu;

COMMIT;
