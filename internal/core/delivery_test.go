package core

import (
	"encoding/json"
	"testing"

	"github.com/docket-desk/docket/internal/imagery"
)

func TestADeliveryIsReadBackOutOfAnOrdersRequest(t *testing.T) {
	d := DeliveryRequest{Bucket: "tiles", Prefix: "a/b", Settings: imagery.DefaultSettings(),
		Document: json.RawMessage(`{"metadata":{"n":1},"delivery":{"bucket":"somebody else's"}}`)}
	request, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, ok, err := ParseDelivery(request)
	if err != nil || !ok || got.Bucket != d.Bucket || got.Prefix != d.Prefix || got.Settings != d.Settings {
		t.Errorf("read back %+v, %v, %v", got, ok, err)
	}
	if string(got.Document) != `{"metadata":{"n":1}}` {
		t.Errorf("the document came back as %s", got.Document)
	}
	for _, empty := range []string{"", "null", "{}"} {
		d.Document = json.RawMessage(empty)
		if request, err := d.Encode(); err != nil {
			t.Errorf("document %q: %v", empty, err)
		} else if got, ok, err := ParseDelivery(request); err != nil || !ok || string(got.Document) != "{}" {
			t.Errorf("document %q came back as %s, %v, %v", empty, got.Document, ok, err)
		}
	}
}

func TestARequestWithoutADeliveryIsNotOne(t *testing.T) {
	for _, request := range []string{"", "null", "{}", `{"limits":{"cpu":3}}`} {
		if _, ok, err := ParseDelivery(json.RawMessage(request)); ok || err != nil {
			t.Errorf("%q: %v, %v", request, ok, err)
		}
	}
	for _, request := range []string{"[]", `{"delivery":3}`, "{"} {
		if _, ok, err := ParseDelivery(json.RawMessage(request)); ok || err == nil {
			t.Errorf("%q was read as a delivery", request)
		}
	}
}

func TestALinesCellsAreReadBack(t *testing.T) {
	got, err := ParseLineCells(LineCells{Cells: []string{"Z10-120020223032"}}.Encode())
	if err != nil || len(got.Cells) != 1 || got.Cells[0] != "Z10-120020223032" {
		t.Errorf("got %v, %v", got, err)
	}
	if none, err := ParseLineCells(nil); err != nil || none.Cells != nil {
		t.Errorf("no detail: %v, %v", none, err)
	}
	if s := string(LineCells{}.Encode()); s != `{"cells":[]}` {
		t.Errorf("no cells are written as %s", s)
	}
}

func TestAPrefixStaysInItsBucket(t *testing.T) {
	for in, want := range map[string]string{"": "", "/": "", "a": "a", "/a/b/": "a/b", "a.b/..c": "a.b/..c", "Größe 1": "Größe 1"} {
		if got, err := CleanPrefix(in); err != nil || got != want {
			t.Errorf("%q became %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"..", "../up", "a/../b", "a/./b", "a//b", `a\b`, "a\x00b", "a\nb", "\xff", string(make([]byte, 600))} {
		if got, err := CleanPrefix(in); err == nil || AsError(err).Reason != ReasonDestination {
			t.Errorf("%q was taken as %q, %v", in, got, err)
		}
	}
}
