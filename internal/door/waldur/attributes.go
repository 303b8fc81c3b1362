package waldur

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/docket-desk/docket/internal/core"
)

// attribute is a key that this door alone knows: it is kept among a record's attributes as
// it was sent, and shown again. read returns absent where there is nothing to keep.
type attribute struct {
	name string
	read func(b *body, name string) any
}

// attributesOf makes several that are read alike.
func attributesOf(read func(b *body, name string) any, names ...string) []attribute {
	out := make([]attribute, len(names))
	for n, name := range names {
		out[n] = attribute{name, read}
	}
	return out
}

// keep puts the attributes that a body names beside those a record has.
func (b *body) keep(list []attribute, raw json.RawMessage) json.RawMessage {
	m := attrs[map[string]json.RawMessage](object(raw))
	for _, a := range list {
		if !b.given(a.name) {
			continue
		}
		if value := a.read(b, a.name); value != absent {
			m[a.name], _ = json.Marshal(value) // made of texts, numbers and what was JSON
		}
	}
	out, _ := json.Marshal(m)
	return out
}

// shown writes a model's keys from attributes where the record has them.
func shown[T any](m model[T], list []attribute, of func(t T) json.RawMessage) model[T] {
	return shownBy(m, list, func(_ *view, t T) json.RawMessage { return of(t) })
}

func shownBy[T any](m model[T], list []attribute, of func(v *view, t T) json.RawMessage) model[T] {
	out := slices.Clone(m)
	for n, k := range out {
		if !slices.ContainsFunc(list, func(a attribute) bool { return a.name == k.name }) {
			continue
		}
		out[n].value = func(v *view, t T) any {
			if kept, ok := v.attributes(of(v, t))[k.name]; ok {
				return kept
			}
			return k.value(v, t)
		}
	}
	return out
}

// attributes reads a record's, each text of them once a request.
func (v *view) attributes(raw json.RawMessage) map[string]json.RawMessage {
	m, ok := v.parsed[string(raw)]
	if !ok {
		m = attrs[map[string]json.RawMessage](object(raw))
		v.parsed[string(raw)] = m
	}
	return m
}

// Readers of attributes.

func aText(longest int) func(b *body, name string) any {
	return func(b *body, name string) any { return b.text(name, false, longest) }
}

func aLink(b *body, name string) any { return b.url(name) }

// aFlag leaves null alone.
func aFlag(b *body, name string) any {
	if isNull(b.fields[name]) {
		return absent
	}
	return b.flag(name)
}

// aWhole takes a whole number that is not negative, or null.
func aWhole(b *body, name string) any {
	n, ok := b.whole(name, 0)
	if !ok {
		return nil
	}
	return n
}

// aDecimal takes a decimal, and writes it as a text of two places.
func aDecimal(b *body, name string) any {
	if m, ok := b.decimal(name, false); ok {
		return m.Fixed(2)
	}
	return absent
}

// aFloat takes a number within bounds either way, or null.
func aFloat(bound float64) func(b *body, name string) any {
	return func(b *body, name string) any {
		f, ok := b.raw(name, false)
		if !ok {
			return nil
		}
		s, _ := asText(f)
		n, err := strconv.ParseFloat(s, 64)
		if err != nil || !(n >= -bound && n <= bound) {
			b.errs.add(name, "A valid number is required.")
			return absent
		}
		return n
	}
}

// aTextList takes a list of texts.
func aTextList(b *body, name string) any {
	f, ok := b.raw(name, false)
	if !ok {
		return absent
	}
	list := []string{}
	if json.Unmarshal(f, &list) != nil {
		b.errs.add(name, "Expected a list of items but got type \"%s\".", pythonType(f))
	}
	return list
}

// anObject takes an object.
func anObject(b *body, name string) any {
	if m := b.object(name, false); m != nil {
		return m
	}
	return absent
}

func anInstant(b *body, name string) any {
	if t, ok := b.instant(name); ok {
		return stamp(t)
	}
	return absent
}

// aWord takes one of several, or the empty text.
func aWord(words ...string) func(b *body, name string) any {
	return func(b *body, name string) any {
		s := b.text(name, false, 0)
		if s != "" && !slices.Contains(words, s) {
			b.errs.add(name, "\"%s\" is not a valid choice.", s)
			return absent
		}
		return s
	}
}

// countries are those whose codes the vendor's client knows.
var countries = strings.Fields(`AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG
	CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET EU FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT
	GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF
	MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU
	RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN
	VU WF WS YE YT ZA ZM ZW`)

var aCountry = aWord(countries...)

// whole reads a whole number that is no less than least; ok is false where there is none.
func (b *body) whole(name string, least int64) (int64, bool) {
	f, ok := b.raw(name, false)
	if !ok {
		return 0, false
	}
	n, ok := wholeNumber(f)
	switch {
	case !ok:
		b.errs.add(name, "A valid integer is required.")
	case n < least:
		b.errs.add(name, "Ensure this value is greater than or equal to %d.", least)
	case n > mostWhole:
		b.errs.add(name, "Ensure this value is less than or equal to %d.", int64(mostWhole))
	default:
		return n, true
	}
	return 0, false
}

// mostWhole is the vendor's: 32 bits with a sign.
const mostWhole = 1<<31 - 1

// choice reads one of the vendor's words for something of the core's; the zero value where
// there is none.
func choice[K comparable](b *body, name string, required bool, names map[K]string) K {
	var none K
	s := b.text(name, required, 0)
	if s == "" {
		return none
	}
	for k, word := range names {
		if word == s {
			return k
		}
	}
	b.errs.add(name, "\"%s\" is not a valid choice.", s)
	return none
}

// fieldRefused words what the core refuses about a member of what was set up as the
// vendor does about a field. names are the wire's; "" stands for all of it.
func fieldRefused(err error, names map[string]string) error {
	e := core.AsError(err)
	if e.Kind != core.Invalid && e.Kind != core.Conflict || e.Err != nil {
		return err
	}
	member, _, _ := strings.Cut(e.Field[strings.LastIndexByte(e.Field, '.')+1:], "[")
	name, ok := names[member]
	switch {
	case !ok || e.Reason == core.ReasonBlocked || e.Reason == core.ReasonArchived || e.Reason == core.ReasonStale:
		return err
	case name == "":
		return serializerRule("%s", e.Msg)
	}
	return fieldError(name, "%s", e.Msg)
}
