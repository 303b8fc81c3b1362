//go:build linux

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAWireReadsEachAnswerToItsEnd(t *testing.T) {
	var got []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.Path+" "+string(body))
		switch r.URL.Path {
		case "/short":
			io.WriteString(w, "short")
		case "/nothing":
			w.WriteHeader(http.StatusNoContent)
		case "/chunks":
			for range 3 {
				io.WriteString(w, strings.Repeat("long ", 1000))
				w.(http.Flusher).Flush()
			}
		default:
			http.Error(w, "there is nothing here", http.StatusNotFound)
		}
	}))
	defer srv.Close()
	w, err := dial(srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	for _, path := range []string{"/short", "/chunks", "/nothing", "/short"} {
		if err := w.ask([]byte("POST " + path + " HTTP/1.1\r\nHost: desk\r\nContent-Length: 2\r\n\r\n{}")); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	err = w.ask([]byte("GET /else HTTP/1.1\r\nHost: desk\r\n\r\n"))
	if err == nil || !strings.Contains(err.Error(), "404") || !strings.Contains(err.Error(), "there is nothing here") {
		t.Errorf("a refusal is told as %v", err)
	}
	if want := "POST /short {},POST /chunks {},POST /nothing {},POST /short {},GET /else "; strings.Join(got, ",") != want {
		t.Errorf("the server was asked %q", got)
	}
}
