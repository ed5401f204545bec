// SPDX-License-Identifier: Apache-2.0

// Go's pgx through the gateway; see ../test_drivers.py.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	always := context.Background()
	db, err := pgx.Connect(always, "")
	check(err)
	var name string
	check(db.QueryRow(always, "SELECT name FROM people WHERE id = $1", 17).Scan(&name))
	if name != "name 17" {
		log.Fatal(name)
	}
	change, err := db.Begin(always)
	check(err)
	_, err = change.Exec(always, "UPDATE people SET name = $1 WHERE id = 17", "other")
	check(err)
	check(change.Rollback(always))
	var said *pgconn.PgError
	if _, err = db.Exec(always, "SELECT 1 / 0"); !errors.As(err, &said) || said.Code != "22012" {
		log.Fatal("no error: ", err)
	}
	check(db.QueryRow(always, "SELECT name FROM people WHERE id = 17").Scan(&name))
	if name != "name 17" {
		log.Fatal(name)
	}
	rows, err := db.Query(always, "SELECT id, name FROM people")
	check(err)
	count := 0
	for rows.Next() {
		var id int
		check(rows.Scan(&id, &name))
		count++
	}
	check(rows.Err())
	if fmt.Sprint(count) != os.Getenv("TREE_ROWS") {
		log.Fatal(count, " rows")
	}
	batch := &pgx.Batch{}
	for id := 1; id <= 100; id++ {
		batch.Queue("SELECT id FROM people WHERE id = $1", id)
	}
	answers := db.SendBatch(always, batch)
	for id := 1; id <= 100; id++ {
		var got int
		check(answers.QueryRow().Scan(&got))
		if got != id {
			log.Fatal(got, " instead of ", id)
		}
	}
	check(answers.Close())
	copies(always, db)
	notifies(always, db)
	cancels(always, db)
	check(db.Close(always))
	fmt.Println("fine")
}

func copies(always context.Context, db *pgx.Conn) {
	_, err := db.Exec(always, "CREATE TEMP TABLE inbox (n int4, name text)")
	check(err)
	count, err := db.CopyFrom(always, pgx.Identifier{"inbox"}, []string{"n", "name"},
		pgx.CopyFromSlice(20000, func(n int) ([]interface{}, error) {
			return []interface{}{n, fmt.Sprint("line ", n)}, nil
		}))
	check(err)
	var out lines
	_, err = db.PgConn().CopyTo(always, &out, "COPY inbox TO STDOUT")
	check(err)
	if count != 20000 || out != 20000 {
		log.Fatal(count, " and ", out, " copied")
	}
}

type lines int

func (count *lines) Write(data []byte) (int, error) {
	*count += lines(bytes.Count(data, []byte{'\n'}))
	return len(data), nil
}

func notifies(always context.Context, db *pgx.Conn) {
	_, err := db.Exec(always, "LISTEN news")
	check(err)
	other, err := pgx.Connect(always, "")
	check(err)
	_, err = other.Exec(always, "NOTIFY news, 'arrived'")
	check(err)
	check(other.Close(always))
	limited, cancel := context.WithTimeout(always, 20*time.Second)
	defer cancel()
	news, err := db.WaitForNotification(limited)
	check(err)
	if news.Payload != "arrived" {
		log.Fatal("notify: ", news)
	}
}

func cancels(always context.Context, db *pgx.Conn) {
	other, err := pgx.Connect(always, "")
	check(err)
	var pid int
	check(db.QueryRow(always, "SELECT pg_backend_pid()").Scan(&pid))
	go func() {
		for running := 0; running == 0; {
			check(other.QueryRow(always, "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(50)'"+
				" AND state = 'active' AND pid = $1", pid).Scan(&running))
		}
		check(db.PgConn().CancelRequest(always))
	}()
	var said *pgconn.PgError
	if _, err = db.Exec(always, "SELECT pg_sleep(50)"); !errors.As(err, &said) || said.Code != "57014" {
		log.Fatal("not cancelled: ", err)
	}
}
