// Package money counts exactly: amounts and quantities in millionths, prices in
// ten-billionths, never floats. Rounding happens in Times and nowhere else.
package money

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// Micro is a millionth of a unit: of a currency, of a km², of a node.
type Micro int64

// Unit is one whole unit.
const Unit Micro = 1_000_000

// Rate is a price for one unit, in 10⁻¹⁰ of the currency: the ten decimals a
// plan's price may have, at most 922 million a unit.
type Rate int64

const rateUnit = 10_000_000_000

// Currency is an ISO 4217 code.
type Currency string

// places are the decimals of currencies that do not have two.
var places = map[Currency]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}

// Places returns the decimals the currency's smallest coin has.
func (c Currency) Places() int {
	if p, ok := places[c]; ok {
		return p
	}
	return 2
}

// Valid reports whether c looks like an ISO 4217 code.
func (c Currency) Valid() bool {
	return len(c) == 3 && strings.Trim(string(c), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// Quantum is the smallest amount of the currency that is ever booked: 10 000
// micro, one cent, for USD.
func (c Currency) Quantum() Micro {
	q := Unit
	for range c.Places() {
		q /= 10
	}
	return q
}

// ErrRange says that a result does not fit.
var ErrRange = errors.New("the amount is too large")

// Times returns quantity × rate × num ÷ den in the currency, rounded once, half
// away from zero, to its quantum. It is odd in quantity, so a refund mirrors its
// charge, and never falls when quantity grows, so a capture never exceeds its hold.
func Times(c Currency, quantity Micro, rate Rate, num, den int64) (Micro, error) {
	if den <= 0 || num < 0 {
		return 0, fmt.Errorf("%w: share %d/%d", ErrRange, num, den)
	}
	return rounded(c, Product{quantity, rate, num}.exact(), den)
}

// rounded is p ÷ den, of micro × rate, rounded half away from zero to the currency's
// quantum.
func rounded(c Currency, p *big.Int, den int64) (Micro, error) {
	// p ÷ (rateUnit × den) is in micro; ÷ quantum is in quanta.
	q := new(big.Int).Mul(big.NewInt(rateUnit), big.NewInt(den))
	q.Mul(q, big.NewInt(int64(c.Quantum())))
	neg := p.Sign() < 0
	p = new(big.Int).Abs(p)
	p.Lsh(p, 1).Add(p, q)
	p.Quo(p, q.Lsh(q, 1))
	p.Mul(p, big.NewInt(int64(c.Quantum())))
	if !p.IsInt64() {
		return 0, ErrRange
	}
	n := Micro(p.Int64())
	if neg {
		n = -n
	}
	return n, nil
}

// Product is quantity × rate × num: a share of a total.
type Product struct {
	Quantity Micro
	Rate     Rate
	Num      int64
}

// Total returns the sum of products, rounded once as Times does, not product by product.
func Total(c Currency, products ...Product) (Micro, error) {
	sum := new(big.Int)
	for _, p := range products {
		sum.Add(sum, p.exact())
	}
	return rounded(c, sum, 1)
}

func (p Product) exact() *big.Int {
	n := new(big.Int).Mul(big.NewInt(int64(p.Quantity)), big.NewInt(int64(p.Rate)))
	return n.Mul(n, big.NewInt(p.Num))
}

// More reports whether a product comes to more than another, before rounding.
func (p Product) More(than Product) bool { return p.exact().Cmp(than.exact()) > 0 }

// Share returns amount × num ÷ den, rounded as Times does: the part of an amount that
// goes with a part of what it was for.
func Share(c Currency, amount Micro, num, den int64) (Micro, error) {
	return Times(c, amount, rateUnit, num, den)
}

// Add returns the sum, or ErrRange where it does not fit.
func Add(terms ...Micro) (Micro, error) {
	var sum Micro
	for _, t := range terms {
		s := sum + t
		if (t > 0 && s < sum) || (t < 0 && s > sum) {
			return 0, ErrRange
		}
		sum = s
	}
	return sum, nil
}

// String writes the shortest exact decimal: "319.77", "0.001", "5".
func (m Micro) String() string { return decimal(int64(m), 6, 0) }

// Fixed writes exactly n decimals. It cuts what lies beyond them; n = 6 is exact.
func (m Micro) Fixed(n int) string {
	s := decimal(int64(m), 6, 6)
	if n > 6 {
		return s + strings.Repeat("0", n-6)
	}
	s = s[:len(s)-6+n]
	return strings.TrimSuffix(s, ".")
}

// Float is for wires that carry JSON numbers. Exact below 9 billion units.
func (m Micro) Float() float64 { return float64(m) / float64(Unit) }

// Floor is the whole units in m, Ceil the whole units that hold it.
func (m Micro) Floor() int64 {
	n := int64(m / Unit)
	if m%Unit < 0 {
		n--
	}
	return n
}

// Ceil is the whole units that hold m.
func (m Micro) Ceil() int64 { return -(-m).Floor() }

// Units returns n whole units, or ErrRange.
func Units(n int64) (Micro, error) {
	if n > int64(1<<63-1)/int64(Unit) || n < -int64(1<<63-1)/int64(Unit) {
		return 0, ErrRange
	}
	return Micro(n) * Unit, nil
}

// String writes the shortest exact decimal.
func (r Rate) String() string { return decimal(int64(r), 10, 0) }

// Fixed writes all ten decimals.
func (r Rate) Fixed() string { return decimal(int64(r), 10, 10) }

// Float is for wires that carry JSON numbers.
func (r Rate) Float() float64 { return float64(r) / rateUnit }

func decimal(n int64, scale, least int) string {
	b := new(big.Int).Abs(big.NewInt(n)).String()
	for len(b) <= scale {
		b = "0" + b
	}
	whole, frac := b[:len(b)-scale], b[len(b)-scale:]
	for len(frac) > least && frac[len(frac)-1] == '0' {
		frac = frac[:len(frac)-1]
	}
	if frac != "" {
		whole += "." + frac
	}
	if n < 0 {
		whole = "-" + whole
	}
	return whole
}

// ParseMicro reads a plain decimal of at most six places, such as "1234.56".
func ParseMicro(s string) (Micro, error) { n, err := parse(s, 6); return Micro(n), err }

// ParseRate reads a plain decimal of at most ten places.
func ParseRate(s string) (Rate, error) { n, err := parse(s, 10); return Rate(n), err }

func parse(s string, scale int) (int64, error) {
	t, neg := strings.CutPrefix(s, "-")
	whole, frac, dot := strings.Cut(t, ".")
	if (whole == "" && frac == "") || (dot && frac == "") || strings.Trim(whole+frac, "0123456789") != "" || len(t) > 40 {
		return 0, fmt.Errorf("%.40q is no decimal number", s)
	}
	frac = strings.TrimRight(frac, "0")
	if len(frac) > scale {
		return 0, fmt.Errorf("%.40q has more than %d decimals", s, scale)
	}
	n, ok := new(big.Int).SetString("0"+whole+frac+strings.Repeat("0", scale-len(frac)), 10)
	if !ok || !n.IsInt64() {
		return 0, ErrRange
	}
	if neg {
		return -n.Int64(), nil
	}
	return n.Int64(), nil
}
