package modelarts

import "testing"

func TestASelectorLetsThroughWhatMeetsAllItsParts(t *testing.T) {
	labels := map[string]string{"os.modelarts/name": "pool a", "b": "c", "empty": ""}
	for text, want := range map[string]bool{
		"":                                  true,
		"b":                                 true,
		"!b":                                false,
		"!d":                                true,
		"d":                                 false,
		"b=c":                               true,
		"b==c":                              true,
		"b = c":                             true,
		"b=d":                               false,
		"b!=d":                              true,
		"b!=c":                              false,
		"d!=c":                              true,
		"empty=":                            true,
		"b in (c)":                          true,
		"b in (a, c)":                       true,
		"b in (d)":                          false,
		"b notin (d,e)":                     true,
		"b notin (c)":                       false,
		"d notin (c)":                       true,
		"b in ()":                           false,
		"os.modelarts/name=pool a":          true,
		"os.modelarts/name=pool a,b in (c)": true,
		"b in (c,d),!d,b!=e":                true,
		"b in (c,d),d":                      false,
	} {
		s, err := parseSelector(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := s.lets(labels); got != want {
			t.Errorf("%q lets through: %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{"(", "a in b", "=c", "a b", "a in (b", "a)=c", "a in (b)c"} {
		if s, err := parseSelector(text); err == nil {
			t.Errorf("%q is understood as %v", text, s)
		}
	}
}

func FuzzSelector(f *testing.F) {
	f.Add("os.modelarts/name=pool a,b in (c),!d")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := parseSelector(text); err == nil {
			s.lets(map[string]string{"b": "c"})
		}
	})
}
