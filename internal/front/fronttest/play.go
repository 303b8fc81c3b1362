package fronttest

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/txtar"
)

// conversation is one file being played.
type conversation struct {
	handler http.Handler
	opt     Options
	vars    map[string]string
	archive *txtar.Archive
	update  bool
}

// section is one part of a file: its number and kind.
type section struct{ number, kind string }

func sectionOf(name string) (section, bool) {
	part := strings.Fields(name)
	if len(part) != 2 {
		return section{}, false
	}
	s := section{part[0], part[1]}
	return s, s.kind == "do" || s.kind == "request" || s.kind == "response" || s.kind == "capture"
}

// play runs a conversation and says what is wrong with it. With update it puts the answers
// into the archive instead. It ends at the first request that cannot be asked, since what
// follows would rest on it; a wrong answer ends nothing.
func play(archive *txtar.Archive, h http.Handler, opt Options, update bool) (faults []string) {
	if opt.Headers == nil {
		opt.Headers = DefaultHeaders()
	}
	c := &conversation{handler: h, opt: opt.with(Options{}), archive: archive, update: update}
	c.vars = c.opt.Vars
	if faults = c.misplaced(); len(faults) > 0 {
		return faults
	}
	for n := 0; n < len(c.archive.Files); n++ { // answers may be inserted on the way
		f := c.archive.Files[n]
		s, _ := sectionOf(f.Name)
		var err error
		switch s.kind {
		case "do":
			err = c.do(string(f.Data))
		case "request":
			var wrong string
			wrong, err = c.ask(n, s.number)
			if wrong != "" {
				faults = append(faults, s.number+" response:\n"+wrong)
			}
		}
		if err != nil {
			return append(faults, f.Name+": "+err.Error())
		}
	}
	return faults
}

// misplaced finds sections that would be passed over in silence.
func (c *conversation) misplaced() (faults []string) {
	seen := map[section]bool{}
	asked := ""
	for _, f := range c.archive.Files {
		s, ok := sectionOf(f.Name)
		switch {
		case !ok:
			faults = append(faults, fmt.Sprintf("%q is no section: a number and one of do, request, response, capture is wanted", f.Name))
		case seen[s] && s.kind != "do":
			faults = append(faults, f.Name+" stands there twice")
		case s.kind == "request":
			asked = s.number
		case s.kind == "response" || s.kind == "capture":
			if s.number != asked {
				faults = append(faults, f.Name+" does not follow its request")
			}
		}
		seen[s] = true
	}
	if asked == "" && len(faults) == 0 {
		faults = append(faults, "nothing is asked")
	}
	return faults
}

func (c *conversation) do(lines string) error {
	for line := range strings.Lines(lines) {
		line, err := c.expand(line)
		if err != nil {
			return err
		}
		word := strings.Fields(line)
		if len(word) == 0 {
			continue
		}
		f := c.opt.Do[word[0]]
		if f == nil {
			return fmt.Errorf("there is no %q to do", word[0])
		}
		if err := f(word[1:]...); err != nil {
			return fmt.Errorf("%s: %w", strings.TrimSpace(line), err)
		}
	}
	return nil
}

// ask plays the request at n and compares, or with update writes, its answer. wrong is the
// difference between the two.
func (c *conversation) ask(n int, number string) (wrong string, err error) {
	text, err := c.expand(string(c.archive.Files[n].Data))
	if err != nil {
		return "", err
	}
	r, err := c.request(text)
	if err != nil {
		return "", err
	}
	a, err := ask(c.handler, r)
	if err != nil {
		return "", err
	}
	if lines := c.find(number + " capture"); lines >= 0 {
		if err := c.capture(string(c.archive.Files[lines].Data), a); err != nil {
			return "", fmt.Errorf("%w, in the answer\n%s", err, c.render(a))
		}
	}
	got := c.render(a)
	at := c.find(number + " response")
	if c.update {
		f := txtar.File{Name: number + " response", Data: []byte(c.named(got))}
		if at < 0 {
			c.archive.Files = append(c.archive.Files[:n+1], append([]txtar.File{f}, c.archive.Files[n+1:]...)...)
		} else {
			c.archive.Files[at] = f
		}
		return "", nil
	}
	if at < 0 {
		return "", fmt.Errorf("no response is written down for it; it got\n%s", got)
	}
	want, err := c.expand(string(c.archive.Files[at].Data))
	if err != nil {
		return "", err
	}
	return string(diff.Diff("want", tidy(want), "got", []byte(got))), nil
}

func (c *conversation) find(name string) int {
	for n, f := range c.archive.Files {
		if f.Name == name {
			return n
		}
	}
	return -1
}

// tidy ends a text with one line break, so that an editor's habits do not count.
func tidy(s string) []byte {
	return append(bytes.TrimRight([]byte(s), "\n"), '\n')
}
