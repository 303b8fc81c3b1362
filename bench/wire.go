//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// wire is one client's connection that stays open. It asks what was spelled beforehand
// and reads no more of an answer than its status and its length, so that on a machine
// of few processors the load costs less than what it loads.
type wire struct {
	conn net.Conn
	in   *bufio.Reader
}

func dial(addr string) (*wire, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &wire{c, bufio.NewReaderSize(c, 64<<10)}, nil
}

func (w *wire) close() error { return w.conn.Close() }

// patience bounds one answer, so that a server that hangs ends the load.
const patience = 30 * time.Second

// ask sends a request and reads the answer to its end. One that is not of success fails,
// with the beginning of what it says.
func (w *wire) ask(request []byte) error {
	if err := w.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := w.conn.Write(request); err != nil {
		return err
	}
	status, length, err := w.head()
	if err != nil {
		return err
	}
	var said []byte
	if status/100 != 2 {
		said, _ = w.in.Peek(min(max(length, 0), 300))
		return fmt.Errorf("answered %d: %s", status, said)
	}
	if length >= 0 {
		_, err = w.in.Discard(length)
		return err
	}
	return w.chunks()
}

// head reads up to the empty line; length is -1 of a body in chunks.
func (w *wire) head() (status, length int, err error) {
	line, err := w.line()
	if err != nil {
		return 0, 0, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, 0, fmt.Errorf("%.40q begins no answer", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, err
	}
	for {
		line, err := w.line()
		if err != nil || len(line) == 0 {
			return status, length, err
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, 0, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")) && bytes.Equal(value, []byte("chunked")):
			length = -1
		case bytes.EqualFold(name, []byte("Connection")) && bytes.EqualFold(value, []byte("close")):
			return 0, 0, errors.New("the server closes a connection that was to stay open")
		}
	}
}

func (w *wire) chunks() error {
	for {
		line, err := w.line()
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(line), 16, 32)
		if err != nil {
			return err
		}
		if _, err := w.in.Discard(int(n) + len("\r\n")); err != nil || n == 0 {
			return err
		}
	}
}

// line reads one, without its end. It is good until the next.
func (w *wire) line() ([]byte, error) {
	line, err := w.in.ReadSlice('\n')
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), err
}
