package core

import "unicode/utf8"

// What a program tells of its failure is cut, in bytes, and not refused: that it failed
// must be heard.
const (
	MostMessage = 4 << 10
	MostTrace   = 16 << 10
)

// Cut is a text's beginning, of at most so many bytes, that ends with a whole character.
func Cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
