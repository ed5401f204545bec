// SPDX-License-Identifier: Apache-2.0

// Go's lib/pq through the gateway; see ../test_drivers.py.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/lib/pq"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	db, err := sql.Open("postgres", "")
	check(err)
	defer db.Close()
	var name string
	check(db.QueryRow("SELECT name FROM people WHERE id = $1", 17).Scan(&name))
	if name != "name 17" {
		log.Fatal(name)
	}
	change, err := db.Begin()
	check(err)
	_, err = change.Exec("UPDATE people SET name = $1 WHERE id = 17", "other")
	check(err)
	check(change.Rollback())
	var said *pq.Error
	if _, err = db.Exec("SELECT 1 / 0"); !errors.As(err, &said) || said.Code != "22012" {
		log.Fatal("no error: ", err)
	}
	check(db.QueryRow("SELECT name FROM people WHERE id = 17").Scan(&name))
	if name != "name 17" {
		log.Fatal(name)
	}
	rows, err := db.Query("SELECT id, name FROM people")
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
	copies(db)
	notifies(db)
	cancels(db)
	fmt.Println("fine")
}

func copies(db *sql.DB) {
	change, err := db.Begin()
	check(err)
	_, err = change.Exec("CREATE TEMP TABLE inbox (n int, name text)")
	check(err)
	in, err := change.Prepare(pq.CopyIn("inbox", "n", "name"))
	check(err)
	for n := 0; n < 20000; n++ {
		_, err = in.Exec(n, fmt.Sprint("line ", n))
		check(err)
	}
	_, err = in.Exec()
	check(err)
	check(in.Close())
	var count int
	check(change.QueryRow("SELECT count(*) FROM inbox").Scan(&count))
	if count != 20000 {
		log.Fatal(count, " copied")
	}
	check(change.Commit())
}

func notifies(db *sql.DB) {
	listener := pq.NewListener("", time.Second, time.Minute, nil)
	defer listener.Close()
	check(listener.Listen("news"))
	_, err := db.Exec("NOTIFY news, 'arrived'")
	check(err)
	select {
	case news := <-listener.Notify:
		if news == nil || news.Extra != "arrived" {
			log.Fatal("notify: ", news)
		}
	case <-time.After(20 * time.Second):
		log.Fatal("no notification")
	}
}

// The driver sends a cancel request when the context ends.
func cancels(db *sql.DB) {
	one, err := db.Conn(context.Background())
	check(err)
	var pid int
	check(one.QueryRowContext(context.Background(), "SELECT pg_backend_pid()").Scan(&pid))
	limited, cancel := context.WithCancel(context.Background())
	go func() {
		for running := 0; running == 0; {
			check(db.QueryRow("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(50)'"+
				" AND state = 'active' AND pid = $1", pid).Scan(&running))
		}
		cancel()
	}()
	if _, err = one.ExecContext(limited, "SELECT pg_sleep(50)"); err == nil {
		log.Fatal("not cancelled")
	}
	var said *pq.Error
	if !errors.Is(err, context.Canceled) && !(errors.As(err, &said) && said.Code == "57014") {
		log.Fatal("cancel: ", err)
	}
}
