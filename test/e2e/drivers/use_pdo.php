<?php
// SPDX-License-Identifier: Apache-2.0
// PHP's PDO and its pgsql functions through the gateway; see ../test_drivers.py.
function check(bool $is_so, string $what): void
{
    if (!$is_so) {
        fwrite(STDERR, "$what\n");
        exit(1);
    }
}

$rows = (int) getenv('TREE_ROWS');
$db = new PDO('pgsql:', null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
$by_id = $db->prepare('SELECT name FROM people WHERE id = ?');
foreach ([17, 18] as $id) {
    $by_id->execute([$id]);
    check($by_id->fetchColumn() === "name $id", 'name');
}
$db->beginTransaction();
$db->prepare('UPDATE people SET name = :name WHERE id = 17')->execute(['name' => 'other']);
$db->rollBack();
try {
    $db->query('SELECT 1 / 0');
    check(false, 'no error');
} catch (PDOException $error) {
    check($error->getCode() === '22012', 'state');
}
check($db->query('SELECT name FROM people WHERE id = 17')->fetchColumn() === 'name 17', 'rolled back');
check(count($db->query('SELECT id, name, worth FROM people')->fetchAll()) === $rows, 'rows');
check(count($db->pgsqlCopyToArray('people')) === $rows, 'copy out');
$db->exec('CREATE TEMP TABLE inbox (n int)');
check($db->pgsqlCopyFromArray('inbox', range(1, $rows)), 'copy in');
check((int) $db->query('SELECT count(*) FROM inbox')->fetchColumn() === $rows, 'copied in');
$plain = pg_connect('');
$result = pg_query_params($plain, 'SELECT name FROM people WHERE id = $1', [17]);
check(pg_fetch_result($result, 0, 0) === 'name 17', 'pg_query_params');
$db->exec('LISTEN news');
pg_query($plain, "NOTIFY news, 'arrived'");
$news = $db->pgsqlGetNotify(PDO::FETCH_ASSOC, 20000);
check($news !== false && $news['payload'] === 'arrived', 'notify');
$pid = pg_fetch_result(pg_query($plain, 'SELECT pg_backend_pid()'), 0, 0);
pg_send_query($plain, 'SELECT pg_sleep(50)');
$running = $db->prepare("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(50)'"
    . " AND state = 'active' AND pid = ?");
do {
    $running->execute([$pid]);
} while (!$running->fetchColumn());
check(pg_cancel_query($plain), 'cancel');
check(pg_fetch_result(pg_query($plain, 'SELECT 5'), 0, 0) === '5', 'goes on');
pg_close($plain);
echo "fine\n";
