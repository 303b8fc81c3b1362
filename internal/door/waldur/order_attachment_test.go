package waldur

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/core"
)

// form posts a form with one file.
func (f *trial) form(who, path, field, name, data string) (*http.Response, string) {
	f.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile(field, name)
	if err == nil {
		_, err = part.Write([]byte(data))
	}
	if err != nil || w.Close() != nil {
		f.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "http://desk.example"+path, &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Authorization", "Token "+tokenOf(who))
	rec := httptest.NewRecorder()
	f.handler.ServeHTTP(rec, r)
	return rec.Result(), rec.Body.String()
}

func TestAPurchaseOrderThatIsRequiredIsWaitedFor(t *testing.T) {
	f := newTrial(t)
	if _, err := f.core.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "nordic", Offerings: []core.OfferingSpec{{Code: "agent",
		Attrs: json.RawMessage(`{"type":"Marketplace.Slurm","purchase_order":"required"}`)}}}}}); err != nil {
		t.Fatal(err)
	}
	s := f.create("agent", "alice", "project", "")
	root := "/api/marketplace-orders/" + s.order + "/"
	if got := f.state(s.order); got != "pending-consumer" {
		t.Errorf("an owner's order is %s", got)
	}
	if res, b := f.ask("alice", http.MethodPost, root+"approve_by_consumer/", ""); res.StatusCode != http.StatusBadRequest || string(b) != `["Purchase order is required for approval."]` {
		t.Errorf("%d %s", res.StatusCode, b)
	}
	if res, b := f.form("alice", root+"update_attachment/", "attachment", `C:\\papers\\order "1".pdf`, "%PDF-1.4 x"); res.StatusCode != http.StatusOK || b != `{"attachment":"https://desk.example`+root+`attachment/"}` {
		t.Fatalf("%d %s", res.StatusCode, b)
	}
	var o struct{ Attachment *string }
	if f.get("pat", root+"?field=attachment", &o); o.Attachment == nil || *o.Attachment != "https://desk.example"+root+"attachment/" {
		t.Errorf("the order shows %v", o.Attachment)
	}
	res, b := f.ask("pat", http.MethodGet, root+"attachment/", "")
	if res.StatusCode != http.StatusOK || string(b) != "%PDF-1.4 x" || res.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(res.Header.Get("Content-Disposition"), `attachment; filename=`) {
		t.Errorf("%d %q %v", res.StatusCode, b, res.Header)
	}
	f.go_(s.order, "agent", "approve_by_consumer")
	if res, b := f.ask("alice", http.MethodPost, root+"delete_attachment/", ""); res.StatusCode != http.StatusConflict {
		t.Errorf("what consent rested on: %d %s", res.StatusCode, b)
	}
	f.go_(s.order, "agent", "approve_by_provider", "set_state_done")
	if res, b := f.form("alice", root+"update_attachment/", "attachment", "a.pdf", "%PDF-1.4 y"); res.StatusCode != http.StatusConflict || b != `{"detail":"Valid states for operation: pending-consumer, pending-project, pending-provider."}` {
		t.Errorf("an order that is done: %d %s", res.StatusCode, b)
	}
}

func TestAFileThatIsNoPurchaseOrderIsRefused(t *testing.T) {
	f := newTrial(t)
	s := f.create("support", "cy", "project", "")
	root := "/api/marketplace-orders/" + s.order + "/"
	for name, tt := range map[string]struct{ field, file, data, want string }{
		"no PDF":     {"attachment", "a.txt", "hello", `{"attachment":["A purchase order is a PDF."]}`},
		"empty":      {"attachment", "a.pdf", "", `{"attachment":["The submitted file is empty."]}`},
		"of another": {"paper", "a.pdf", "%PDF-1.4", `{"attachment":["No file was submitted."]}`},
	} {
		if res, b := f.form("cy", root+"update_attachment/", tt.field, tt.file, tt.data); res.StatusCode != http.StatusBadRequest || b != tt.want {
			t.Errorf("%s: %d %s", name, res.StatusCode, b)
		}
	}
	for body, want := range map[string]string{`{}`: `{"attachment":["No file was submitted."]}`, `{"attachment": "x"}`: `{"attachment":["The submitted data was not a file. Check the encoding type on the form."]}`} {
		if res, b := f.ask("cy", http.MethodPost, root+"update_attachment/", body); res.StatusCode != http.StatusBadRequest || string(b) != want {
			t.Errorf("%s: %d %s", body, res.StatusCode, b)
		}
	}
	for _, path := range []string{"update_attachment/", "delete_attachment/"} {
		for who, status := range map[string]int{"pat": http.StatusForbidden, "sue": http.StatusForbidden, "bob": http.StatusNotFound, "": http.StatusUnauthorized} {
			if res, b := f.ask(who, http.MethodPost, root+path, `{"attachment": null}`); res.StatusCode != status {
				t.Errorf("%s by %q: %d %s", path, who, res.StatusCode, b)
			}
		}
	}
	for path, status := range map[string]int{"attachment/": http.StatusNotFound, "delete_attachment/": http.StatusNotFound} {
		method := map[bool]string{true: http.MethodGet, false: http.MethodPost}[path == "attachment/"]
		if res, b := f.ask("cy", method, root+path, ""); res.StatusCode != status {
			t.Errorf("%s of an order without: %d %s", path, res.StatusCode, b)
		}
	}
	if res, b := f.form("cy", root+"update_attachment/", "attachment", "a.pdf", "%PDF-1.4"); res.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", res.StatusCode, b)
	}
	if res, b := f.ask("cy", http.MethodPost, root+"update_attachment/", `{"attachment": null}`); res.StatusCode != http.StatusOK || string(b) != `{"attachment":null}` {
		t.Errorf("null takes it away: %d %s", res.StatusCode, b)
	}
}
