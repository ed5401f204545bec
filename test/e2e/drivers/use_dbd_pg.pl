# SPDX-License-Identifier: Apache-2.0
# DBD::Pg through the gateway; see ../test_drivers.py.
use strict;
use warnings;
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
die 'copy' unless $count == $rows;
$db->commit();
$db->disconnect();
print "fine\n";
