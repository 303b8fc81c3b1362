package fronttest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Headers of a request that say how to send it and are not sent.
const (
	signAs   = "Sign-As"
	bodySize = "Body-Size"
)

// request reads a request as a server would, from its text.
func (c *conversation) request(text string) (*http.Request, error) {
	head, body, _ := strings.Cut(strings.TrimSuffix(text, "\n"), "\n\n")
	lines := strings.Split(head, "\n")
	first := strings.Fields(lines[0])
	if len(first) == 2 {
		first = append(first, "HTTP/1.1")
	}
	if len(first) != 3 {
		return nil, fmt.Errorf("%q is no request line", lines[0])
	}
	raw := strings.Join(first, " ") + "\r\n" + strings.Join(lines[1:], "\r\n")
	if len(lines) > 1 {
		raw += "\r\n"
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw + "\r\n")))
	if err != nil {
		return nil, err
	}
	if size := r.Header.Get(bodySize); size != "" {
		n, err := strconv.Atoi(size)
		if err != nil || n < len(body) {
			return nil, fmt.Errorf("%s: %s is not to be had", bodySize, size)
		}
		body += strings.Repeat(" ", n-len(body))
		r.Header.Del(bodySize)
	}
	if r.Host == "" {
		r.Host = "desk.example"
	}
	r.RemoteAddr = "192.0.2.1:1234"
	r.ContentLength = int64(len(body))
	r.Body = io.NopCloser(strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	who := r.Header.Get(signAs)
	if who == "" {
		return r, nil
	}
	r.Header.Del(signAs)
	if c.opt.Sign == nil {
		return nil, fmt.Errorf("%s: %s, but nothing signs", signAs, who)
	}
	if err := c.opt.Sign(r, who); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", signAs, who, err)
	}
	r.Body = io.NopCloser(strings.NewReader(body))
	return r, nil
}

// render writes an answer as it stands in a file.
func (c *conversation) render(a answer) string {
	var b strings.Builder
	fmt.Fprintln(&b, a.status)
	for _, name := range c.opt.Headers {
		for _, v := range a.header.Values(name) {
			if slices.ContainsFunc(c.opt.Masked, func(m string) bool { return strings.EqualFold(m, name) }) {
				v = "…"
			}
			fmt.Fprintf(&b, "%s: %s\n", name, v)
		}
	}
	if len(a.body) > 0 {
		b.WriteString("\n" + legible(a.body))
	}
	return string(tidy(b.String()))
}

func legible(body []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, body, "", "  ") == nil {
		return out.String()
	}
	if !utf8.Valid(body) || bytes.ContainsRune(body, 0) {
		return fmt.Sprintf("(%d bytes, SHA-256 %x)", len(body), sha256.Sum256(body))
	}
	return string(body)
}

// expand puts the values of variables in place of their names.
func (c *conversation) expand(text string) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, after, found := strings.Cut(rest, "}}")
		if !found || !isName(name) { // JSON may nest objects so
			out.WriteString("{{")
			text = rest
			continue
		}
		v, known := c.vars[name]
		if !known {
			return "", fmt.Errorf("{{%s}} has no value here", name)
		}
		out.WriteString(v)
		text = after
	}
}

// minNamed is how long a value must be to be known again.
const minNamed = 6

// named puts the names of variables in place of their values, where those stand alone.
func (c *conversation) named(text string) string {
	var names []string
	for name, v := range c.vars {
		if len(v) >= minNamed {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { // longer values first, since they may hold others
		if d := len(c.vars[b]) - len(c.vars[a]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	var out strings.Builder
	last := rune(0) // what stands before text
	for text != "" {
		name := c.startsWith(text, last, names)
		if name != "" {
			value := c.vars[name]
			out.WriteString("{{" + name + "}}")
			text, last = text[len(value):], rune(value[len(value)-1])
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		out.WriteString(text[:size])
		text, last = text[size:], r
	}
	return out.String()
}

// startsWith returns the variable whose value stands alone at the start of text, or "".
func (c *conversation) startsWith(text string, before rune, names []string) string {
	for _, name := range names {
		value := c.vars[name]
		if !strings.HasPrefix(text, value) {
			continue
		}
		after, _ := utf8.DecodeRuneInString(text[len(value):])
		if !joins(value[0], before) && !joins(value[len(value)-1], after) {
			return name
		}
	}
	return ""
}

// joins reports whether a value's end and what is beside it are one word.
func joins(end byte, beside rune) bool {
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return word(rune(end)) && word(beside)
}

func isName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

// capture takes values out of an answer.
func (c *conversation) capture(lines string, a answer) error {
	for line := range strings.Lines(lines) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, from, found := strings.Cut(line, "=")
		name, from = strings.TrimSpace(name), strings.TrimSpace(from)
		if !found || !isName(name) {
			return fmt.Errorf("%q captures nothing", strings.TrimSpace(line))
		}
		v, err := captured(from, a)
		if err != nil {
			return fmt.Errorf("there is no %s to capture: %w", from, err)
		}
		c.vars[name] = v
	}
	return nil
}

func captured(from string, a answer) (string, error) {
	if from == "body" {
		return string(a.body), nil
	}
	if name, ok := strings.CutPrefix(from, "header "); ok {
		if v := a.header.Get(strings.TrimSpace(name)); v != "" {
			return v, nil
		}
		return "", fmt.Errorf("the header is not there")
	}
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "", err
	}
	for _, step := range steps(from) {
		switch in := v.(type) {
		case map[string]any:
			v = in[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n < 0 || n >= len(in) {
				return "", fmt.Errorf("no element %q among %d", step, len(in))
			}
			v = in[n]
		default:
			return "", fmt.Errorf("nothing is below %q", step)
		}
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	}
	return "", fmt.Errorf("it is neither text nor a number")
}

// steps cuts a path at its dots, but not at those written \.
func steps(path string) []string {
	const dot = "\x00"
	parts := strings.Split(strings.ReplaceAll(path, `\.`, dot), ".")
	for n := range parts {
		parts[n] = strings.ReplaceAll(parts[n], dot, ".")
	}
	return parts
}
