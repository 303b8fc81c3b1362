// Command with runs a command beside a PostgreSQL server that is there for it alone, and
// tells the tests in it to use that server and no other store. It ends as the command does.
//
//	go run ./internal/store/postgres/pgtest/with go test ./internal/door/...
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func run(command []string) (int, error) {
	if len(command) == 0 {
		return 2, errors.New("which command? with COMMAND [ARGUMENT…]")
	}
	s, err := pgtest.Quick()
	if err != nil {
		return 1, err
	}
	defer s.Stop()
	c := exec.Command(command[0], command[1:]...)
	c.Env = append(os.Environ(), "DOCKET_TEST_STORE=postgres", pgtest.Env+"="+s.Address())
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = c.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return ended.ExitCode(), nil
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}
