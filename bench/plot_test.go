//go:build linux

package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"
)

func TestAnAxisHasAFewRoundMarks(t *testing.T) {
	for want, most := range map[float64]float64{1: 0, 2: 8, .5: 3, 2000: 12000, 5000: 12001, 10: 31, 100: 600} {
		if got := niceStep(most); math.Abs(got-want) > 1e-9 {
			t.Errorf("up to %v the step is %v, want %v", most, got, want)
		}
	}
}

func TestEqualRatiosAreEquallyFarApart(t *testing.T) {
	x := acrossLog([]float64{1, 2, 64, 256})
	if d, e := x(4)-x(2), x(256)-x(128); math.Abs(d-e) > 1e-9 || d <= 0 {
		t.Errorf("from 2 to 4 it is %v, from 128 to 256 %v", d, e)
	}
	if x(1) < panelLeft || x(256) > panelRight {
		t.Errorf("the ends stand at %v and %v, outside the panel", x(1), x(256))
	}
	if one := acrossLog([]float64{7}); one(7) != (panelLeft+panelRight)/2 {
		t.Errorf("a single value stands at %v", one(7))
	}
}

func TestAPlotIsXMLWithAPointForEachMeasurement(t *testing.T) {
	c := chart{title: "Placing <orders>", axis: "clients at once"}
	for n := 1; n <= 8; n *= 2 {
		c.points = append(c.points, point{"clients", "A & B", float64(n), 1000 * float64(n), 3}, point{"clients", "C", float64(n), 500, 7})
	}
	var b bytes.Buffer
	if err := c.write(&b); err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	said := map[string]bool{}
	d := xml.NewDecoder(&b)
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			r := ""
			for _, a := range tok.Attr {
				if a.Name.Local == "r" {
					r = a.Value
				}
			}
			found[tok.Name.Local+r]++
		case xml.CharData:
			said[string(tok)] = true
		}
	}
	if found["svg"] != 1 || found["circle3"] != 2*8 || found["circle4"] != 2 {
		t.Errorf("the plot has %v; want 16 points and two in the legend", found)
	}
	for _, want := range []string{"Placing <orders>", "A & B", "C", "clients at once", "8k", fmt.Sprint(1)} {
		if !said[want] {
			t.Errorf("the plot does not say %q", want)
		}
	}
}
