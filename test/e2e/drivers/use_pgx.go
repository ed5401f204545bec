// SPDX-License-Identifier: Apache-2.0

// Go's pgx through the gateway; see ../test_drivers.py.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

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
	check(db.Close(always))
	fmt.Println("fine")
}
