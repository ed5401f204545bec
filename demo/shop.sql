-- SPDX-License-Identifier: Apache-2.0
-- A shop's database with 200,000 customers and 400,000 orders. Nobody in it exists: names are drawn from
-- syllables, telephone numbers begin with 010-0, which is not given out, and addresses end in @example.kr.
\set ON_ERROR_STOP on
SET client_min_messages = warning;

CREATE ROLE analyst LOGIN PASSWORD 'analyst';
CREATE ROLE app LOGIN PASSWORD 'app';
CREATE ROLE park LOGIN PASSWORD 'park';

-- The nth draw for a number: the same every time the script runs.
CREATE FUNCTION draw(number int, nth int, choices int) RETURNS int
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (hashint8extended(number, nth) & 2147483647)::bigint % choices;

CREATE FUNCTION pick(number int, nth int, choices text[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN choices[1 + draw(number, nth, cardinality(choices))];

CREATE TABLE customers (
    id int PRIMARY KEY,
    name text NOT NULL,
    phone text NOT NULL,
    email text NOT NULL,
    address text NOT NULL,
    joined_on date NOT NULL
);

INSERT INTO customers
SELECT n,
    pick(n, 1, '{김,이,박,최,정,강,조,윤,장,임,한,오,서,신,권,황,안,송,류,홍}')
        || pick(n, 2, '{민,서,지,예,하,도,수,현,은,준,유,채,소,시,우,태,가,나,승,영}')
        || pick(n, 3, '{준,연,우,윤,아,현,민,진,원,호,빈,은,서,영,희,석,솔,람,율,경}'),
    format('010-0%s-%s', lpad(draw(n, 4, 1000)::text, 3, '0'), lpad(draw(n, 5, 10000)::text, 4, '0')),
    format('user%s@example.kr', n),
    format('%s %s로 %s, %s호',
        pick(n, 6, '{서울 강남구,서울 마포구,부산 해운대구,대구 수성구,인천 연수구,광주 서구,대전 유성구,울산 남구,수원 영통구,제주 제주시}'),
        pick(n, 7, '{가온,나래,다온,라온,마루,바다,새봄,아람,한빛,하늘}'),
        1 + draw(n, 8, 300), 101 + draw(n, 9, 2400)),
    date '2016-01-01' + draw(n, 10, 3600)
FROM generate_series(1, 200000) n;

CREATE TABLE orders (
    id int PRIMARY KEY,
    customer_id int NOT NULL,
    item text NOT NULL,
    amount int NOT NULL,
    ordered_at timestamptz NOT NULL
);

INSERT INTO orders
SELECT n, 1 + draw(n, 11, 200000),
    pick(n, 12, '{생수,쌀,라면,세제,칫솔,운동화,가방,이불,헤드폰,그림책,화분,커피}'),
    1000 * (1 + draw(n, 13, 200)),
    timestamptz '2025-01-01 00:00:00+09' + draw(n, 14, 500 * 86400) * interval '1 second'
FROM generate_series(1, 400000) n;

CREATE INDEX ON orders (customer_id);
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers;
ANALYZE;
GRANT SELECT ON customers, orders TO analyst, app, park;
