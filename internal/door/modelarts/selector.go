package modelarts

import (
	"regexp"
	"slices"
	"strings"
)

// selector is a labelSelector: requirements all of which a record's labels must meet, in
// the grammar of Kubernetes.
type selector []requirement

type requirement struct {
	key    string
	values []string // nil: any value will do
	not    bool
}

var (
	inList  = regexp.MustCompile(`^([A-Za-z0-9._/-]+)\s+(in|notin)\s*\(([^()]*)\)$`)
	equals  = regexp.MustCompile(`^([A-Za-z0-9._/-]+)\s*(!=|==|=)\s*([^=!()]*)$`)
	present = regexp.MustCompile(`^(!?)\s*([A-Za-z0-9._/-]+)$`)
)

func parseSelector(s string) (selector, error) {
	var out selector
	for _, part := range splitOutside(s) {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if m := inList.FindStringSubmatch(part); m != nil {
			values := []string{}
			for _, v := range strings.Split(m[3], ",") {
				values = append(values, strings.TrimSpace(v))
			}
			out = append(out, requirement{m[1], values, m[2] == "notin"})
		} else if m := equals.FindStringSubmatch(part); m != nil {
			out = append(out, requirement{m[1], []string{strings.TrimSpace(m[3])}, m[2] == "!="})
		} else if m := present.FindStringSubmatch(part); m != nil {
			out = append(out, requirement{m[2], nil, m[1] == "!"})
		} else {
			return nil, bad("The parameter labelSelector is not understood at %q.", clip(part))
		}
	}
	return out, nil
}

// splitOutside cuts at the commas that stand outside parentheses.
func splitOutside(s string) []string {
	var out []string
	depth, start := 0, 0
	for n := range len(s) {
		switch s[n] {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, s[start:n])
				start = n + 1
			}
		}
	}
	return append(out, s[start:])
}

func (s selector) lets(labels map[string]string) bool {
	for _, r := range s {
		v, there := labels[r.key]
		met := there && (r.values == nil || slices.Contains(r.values, v))
		if met == r.not {
			return false
		}
	}
	return true
}
