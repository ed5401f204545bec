# SPDX-License-Identifier: Apache-2.0
"""Statements that pasu refuses because data could leave by them through the server itself (DESIGN.md), in a
script of psql's: each is put into a call of a function that runs it, so that the gateway does not see it
and the rest of the script finds what it needs."""
import re

FUNCTION = """
CREATE SCHEMA suite; GRANT USAGE ON SCHEMA suite TO PUBLIC;
CREATE FUNCTION suite.past(statement text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE statement; END';
CREATE FUNCTION suite.read(hex text) RETURNS text LANGUAGE sql AS $$SELECT convert_from(decode(hex, 'hex'), 'SQL_ASCII')$$
"""

# What a script is made of; a ; between these, or a command of psql's, ends a statement.
PIECE = re.compile(r"""
    (?P<comment> --[^\n]* | /\*.*?\*/ )
  | (?P<variable> :'\w+' )
  | (?P<quoted> [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ )
  | (?P<command> \\\w[^\n]* | \\;  )
  | (?P<body> \bBEGIN\s+ATOMIC\b.*?\bEND\b (?=\s*;) )
  | (?P<open> \( ) | (?P<close> \) )
  | (?P<end> ; )
  | (?P<word> [\w$]+ )
  | (?P<other> . )""", re.X | re.S | re.I)
NAME = r'(?:"[^"]*"|[\w.])+'
REFUSED = [re.compile(text, re.S | re.I) for text in (
    rf"COPY\s+(?:BINARY\s+)?(?:{NAME}|\()[^;]*?\b(?:FROM|TO)\s+(?:PROGRAM\s+)?[:'e]",
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\b.*\bLANGUAGE\s+'?(?:C|internal)\b",
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:TRUSTED\s+)?(?:PROCEDURAL\s+)?LANGUAGE\b",
    r"LOAD\s",
    r"(?:CREATE|ALTER)\s+(?:FOREIGN\s+DATA\s+WRAPPER|SERVER|USER\s+MAPPING)\b",
    r"CREATE\s+FOREIGN\s+TABLE\b", r"IMPORT\s+FOREIGN\b",
    r"(?:CREATE|ALTER)\s+SUBSCRIPTION\b",
    r"(?:UPDATE|DELETE\s+FROM|INSERT\s+INTO|MERGE\s+INTO)\s+(?:pg_catalog\s*\.\s*)?pg_\w+",
)]


def statements(script):
    """Yields (text, start, pieces, end) of each statement: where in its text it starts, its pieces, its ;"""
    pieces, depth, at, start, skip = [], 0, 0, 0, None
    for match in PIECE.finditer(script):
        if skip is not None and match.start() < skip:
            continue
        kind, text = match.lastgroup, match[0]
        kind = "quoted" if kind == "tag" else kind
        depth += (kind == "open") - (kind == "close")
        if kind == "command" or (kind == "end" and depth <= 0):
            yield script[at:match.end()], start - at, pieces, text
            if kind == "end" and re.match(r"\s*COPY\b.*\bFROM\s+STDIN\b", "".join(one for _, one in pieces), re.S | re.I):
                data = re.compile(r".*?^\\\.$", re.S | re.M).match(script, match.end())
                if data:
                    yield data[0], 0, [], ""
                    skip = data.end()
            at, pieces, depth = skip if skip and skip > match.end() else match.end(), [], 0
        elif pieces or (kind != "comment" and text.strip()):
            start = start if pieces else match.start()
            pieces.append((kind, text))
    yield script[at:], 0, [], ""


def is_refused(pieces):
    text = "".join(one for kind, one in pieces if kind != "comment").strip()
    return any(one.match(text) for one in REFUSED)


def wrap(pieces):
    parts, text = [], ""
    for kind, one in pieces + [("end", "")]:
        if kind in ("variable", "end"):
            if text:
                text = text.strip() if kind == "end" else text
                parts.append(f"suite.read('{text.encode(errors='surrogateescape').hex()}')")  # also texts that a call hands on are read
            text = ""
            if kind == "variable":
                parts.append(f"quote_literal({one})")
        else:
            text += one
    return f"SELECT suite.past({' || '.join(parts)})"


def rewrite(script):
    """The script with all such statements put into calls."""
    out = []
    for text, start, pieces, end in statements(script):
        if pieces and is_refused(pieces):
            out.append(text[:start] + wrap(pieces) + end)
        else:
            out.append(text)
    return "".join(out)
