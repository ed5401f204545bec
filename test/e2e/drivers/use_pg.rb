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
raise 'copy out' unless count == rows
db.exec('CREATE TEMP TABLE inbox (n int)')
said = db.copy_data('COPY inbox FROM STDIN') { rows.times { |n| db.put_copy_data("#{n}\n") } }
raise 'copy in' unless said.cmd_tuples == rows
other = PG.connect
db.exec('LISTEN news')
other.exec("NOTIFY news, 'arrived'")
raise 'notify' unless db.wait_for_notify(20) { |_, _, text| raise text unless text == 'arrived' } == 'news'
pid = db.exec('SELECT pg_backend_pid()').getvalue(0, 0)
db.send_query('SELECT pg_sleep(50)')
running = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(50)' AND state = 'active' AND pid = #{pid}"
nil until other.exec(running).getvalue(0, 0) == '1'
db.cancel
begin
  db.get_last_result
  raise 'not cancelled'
rescue PG::QueryCanceled
end
db.close
puts 'fine'
