# SPDX-License-Identifier: Apache-2.0
# Ruby's pg through the gateway; see ../test_drivers.py.
require 'pg'

rows = ENV['TREE_ROWS'].to_i
db = PG.connect
raise 'name' unless db.exec_params('SELECT name FROM people WHERE id = $1', [17]).getvalue(0, 0) == 'name 17'
db.prepare('by_id', 'SELECT name FROM people WHERE id = $1')
raise 'prepared' unless db.exec_prepared('by_id', [18]).getvalue(0, 0) == 'name 18'
begin
  db.transaction do
    db.exec_params('UPDATE people SET name = $1 WHERE id = 17', ['other'])
    raise IndexError
  end
rescue IndexError
end
begin
  db.exec('SELECT 1 / 0')
  raise 'no error'
rescue PG::DivisionByZero
end
raise 'rolled back' unless db.exec('SELECT name FROM people WHERE id = 17').getvalue(0, 0) == 'name 17'
raise 'rows' unless db.exec('SELECT id, name, worth FROM people').ntuples == rows
count = 0
db.copy_data('COPY people TO STDOUT') { count += 1 while db.get_copy_data }
raise 'copy' unless count == rows
db.close
puts 'fine'
