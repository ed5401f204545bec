// SPDX-License-Identifier: Apache-2.0

// Go's lib/pq through the gateway; see ../test_drivers.py.
package main

import (
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"

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
	fmt.Println("fine")
}
