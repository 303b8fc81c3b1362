// Package world reads what an operator sets up from YAML files, and holds the demo's.
// A file is the native API's World written as YAML; a member it does not know is a
// mistake, not a wish. Every mistake, the desk's own refusals included, is told with
// file, line and member. What a World means is the core's to say.
package world

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/core"
)

// Doc is one or more files read as one World.
type Doc struct {
	World client.World
	place map[string]position // by path, such as customers[0].slug
}

type position struct {
	file string
	line int
}

// Fault is a mistake in a file.
type Fault struct {
	File string
	Line int
	Path string // the member, such as customers[1].projects[0].slug
	Msg  string
}

func (f *Fault) Error() string {
	s := f.File
	if f.Line > 0 {
		s += ":" + strconv.Itoa(f.Line)
	}
	if f.Path != "" {
		s += ": " + f.Path
	}
	return s + ": " + f.Msg
}

// Read reads files as one World: their lists follow each other.
func Read(files ...string) (Doc, error) {
	doc := Doc{place: map[string]position{}}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			return Doc{}, err
		}
		if err := doc.add(name, b); err != nil {
			return Doc{}, err
		}
	}
	return doc, nil
}

// Parse reads one file's content; name is what mistakes call it.
func Parse(name string, content []byte) (Doc, error) {
	doc := Doc{place: map[string]position{}}
	return doc, doc.add(name, content)
}

func (d *Doc) add(name string, content []byte) error {
	var root yaml.Node
	if err := yaml.Unmarshal(content, &root); err != nil {
		return &Fault{File: name, Msg: strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	if len(root.Content) == 0 {
		return nil // an empty file names nothing
	}
	r := &reader{file: name, place: d.place}
	if err := r.value("", root.Content[0], reflect.ValueOf(&d.World).Elem()); err != nil {
		return err
	}
	return nil
}

// Locate turns a refusal that names a member of the World into one that names the line
// it was written on. Other errors come back as they are.
func (d Doc) Locate(err error) error {
	var p *client.Problem
	if errors.As(err, &p) && p.Field != "" {
		return d.fault(p.Field, p.Error(), err)
	}
	var e *core.Error
	if errors.As(err, &e) && e.Field != "" {
		return d.fault(e.Field, e.Msg, err)
	}
	return err
}

func (d Doc) fault(path, msg string, otherwise error) error {
	// A member that was left out has no line of its own: its record's has to do.
	for at := path; at != ""; at = parent(at) {
		if pos, ok := d.place[at]; ok {
			return &Fault{pos.file, pos.line, path, msg}
		}
	}
	return otherwise
}

// parent is the path of the record or list that a member is in.
func parent(path string) string {
	return path[:max(strings.LastIndexByte(path, '.'), strings.LastIndexByte(path, '['), 0)]
}

// reader fills wire types from nodes, by their JSON names.
type reader struct {
	file  string
	place map[string]position
}

func (r *reader) fault(path string, n *yaml.Node, format string, args ...any) error {
	return &Fault{r.file, n.Line, path, fmt.Sprintf(format, args...)}
}

func (r *reader) value(path string, n *yaml.Node, into reflect.Value) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if path != "" {
		if _, ok := r.place[path]; !ok {
			r.place[path] = position{r.file, n.Line}
		}
	}
	switch into.Kind() {
	case reflect.Pointer:
		if into.IsNil() {
			into.Set(reflect.New(into.Type().Elem()))
		}
		return r.value(path, n, into.Elem())
	case reflect.Struct:
		return r.record(path, n, into)
	case reflect.Slice:
		return r.list(path, n, into)
	case reflect.String:
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			return r.fault(path, n, "want a text or a number")
		}
		into.SetString(n.Value)
		return nil
	}
	if err := n.Decode(into.Addr().Interface()); err != nil {
		return r.fault(path, n, "want %s", words[into.Kind()])
	}
	return nil
}

var words = map[reflect.Kind]string{reflect.Bool: "true or false", reflect.Int: "a whole number", reflect.Map: "an object", reflect.Interface: "a value"}

func (r *reader) record(path string, n *yaml.Node, into reflect.Value) error {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil // {} and nothing at all say the same
	}
	if n.Kind != yaml.MappingNode {
		return r.fault(path, n, "want an object")
	}
	fields := map[string]reflect.Value{}
	var known []string
	for i := range into.NumField() {
		tag, _, _ := strings.Cut(into.Type().Field(i).Tag.Get("json"), ",")
		fields[tag] = into.Field(i)
		known = append(known, tag)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		member := strings.TrimPrefix(path+"."+key.Value, ".")
		f, ok := fields[key.Value]
		if !ok {
			return r.fault(member, key, "there is no such member; there are %s", strings.Join(known, ", "))
		}
		if seen[key.Value] {
			return r.fault(member, key, "the member is there twice")
		}
		seen[key.Value] = true
		if err := r.value(member, v, f); err != nil {
			return err
		}
		r.place[member] = position{r.file, key.Line}
	}
	return nil
}

func (r *reader) list(path string, n *yaml.Node, into reflect.Value) error {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		return r.fault(path, n, "want a list")
	}
	for _, item := range n.Content {
		v := reflect.New(into.Type().Elem()).Elem()
		// Files follow each other: an index counts on where the last file ended.
		if err := r.value(fmt.Sprintf("%s[%d]", path, into.Len()), item, v); err != nil {
			return err
		}
		into.Set(reflect.Append(into, v))
	}
	return nil
}
