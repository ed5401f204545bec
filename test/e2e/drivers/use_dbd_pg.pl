# SPDX-License-Identifier: Apache-2.0
# DBD::Pg through the gateway; see ../test_drivers.py.
use strict;
use warnings;
use DBD::Pg qw(:async);
use DBI;

my $rows = $ENV{TREE_ROWS};
my $db = DBI->connect('dbi:Pg:', undef, undef, { RaiseError => 1, PrintError => 0, AutoCommit => 0 });
my $by_id = $db->prepare('SELECT name FROM people WHERE id = ?');
for my $id (17, 18, 19) {
    $by_id->execute($id);
    die 'name' unless $by_id->fetchrow_array() eq "name $id";
    $by_id->finish();
}
$db->do('UPDATE people SET name = ? WHERE id = 17', undef, 'other');
$db->rollback();
die 'no error' if eval { $db->do('SELECT 1 / 0'); 1 };
die 'state' unless $db->state eq '22012';
$db->rollback();
die 'rolled back' unless $db->selectrow_array('SELECT name FROM people WHERE id = 17') eq 'name 17';
my $all = $db->selectall_arrayref('SELECT id, name, worth FROM people');
die 'rows' unless @$all == $rows;
$db->do('COPY people TO STDOUT');
my ($line, $count) = ('', 0);
$count++ while $db->pg_getcopydata($line) >= 0;
die 'copy out' unless $count == $rows;
$db->do('CREATE TEMP TABLE inbox (n int)');
$db->do('COPY inbox FROM STDIN');
$db->pg_putcopydata("$_\n") for 1 .. $rows;
$db->pg_putcopyend();
die 'copy in' unless $db->selectrow_array('SELECT count(*) FROM inbox') == $rows;
$db->commit();

my $other = DBI->connect('dbi:Pg:', undef, undef, { RaiseError => 1, PrintError => 0, AutoCommit => 1 });
$db->{AutoCommit} = 1;
$db->do('LISTEN news');
$other->do("NOTIFY news, 'arrived'");
my $news;
until ($news = $db->pg_notifies()) { $db->selectrow_array('SELECT 1'); }
die 'notify' unless $news->[2] eq 'arrived';
my ($pid) = $db->selectrow_array('SELECT pg_backend_pid()');
my $running = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(50)'"
    . " AND state = 'active' AND pid = $pid";
$db->do('SELECT pg_sleep(50)', { pg_async => PG_ASYNC });
1 until $other->selectrow_array($running);
die 'not cancelled' unless $db->pg_cancel();
die 'goes on' unless $db->selectrow_array('SELECT 5') == 5;
$_->disconnect() for $db, $other;
print "fine\n";
