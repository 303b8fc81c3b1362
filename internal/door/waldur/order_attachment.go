package waldur

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strings"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
)

// The vendor's attachment of an order is its purchase order.

func attachmentOperations(d *door, one string) []operation {
	return []operation{
		{"marketplace_orders_update_attachment", "POST", one + "update_attachment/", d.updateAttachment, false},
		{"marketplace_orders_delete_attachment", "POST", one + "delete_attachment/", d.deleteAttachment, false},
		{"marketplace_orders_attachment", "GET", one + "attachment/", d.attachment, false},
	}
}

// attachmentOf is where an order's purchase order is to be had; null where there is none.
func attachmentOf(v *view, p core.Placed) any {
	if p.Order.Notes.PurchaseOrder == nil {
		return nil
	}
	return v.orderLink(p.Order.ID) + "attachment/"
}

func (d *door) updateAttachment(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	p, err := d.core.ChangePurchaseOrder(r.Context(), who, named(r, id.Order), func(bool) (*core.File, error) { return attached(r) })
	if e := core.AsError(err); err != nil && e.Reason == core.ReasonPaper {
		return fieldError("attachment", "%s", e.Msg)
	}
	if err != nil {
		return err
	}
	var out map[string]any
	err = d.read(r, who, func(v *view) error {
		out = map[string]any{"attachment": attachmentOf(v, p)}
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, out)
}

func (d *door) deleteAttachment(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	_, err := d.core.ChangePurchaseOrder(r.Context(), who, named(r, id.Order), func(had bool) (*core.File, error) {
		if !had {
			return nil, refuse(http.StatusNotFound, detail("Not found."))
		}
		return nil, nil
	})
	if err != nil {
		return err
	}
	return empty(w, http.StatusNoContent)
}

// attachment answers with the file itself.
func (d *door) attachment(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	var f core.File
	err := d.read(r, who, func(v *view) (err error) { f, err = v.PurchaseOrder(named(r, id.Order)); return err })
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	_, _ = w.Write(f.Data) // what is left to go wrong is the connection
	return nil
}

// attached reads the file of a form; null, which only JSON can say, takes away the one there is.
func attached(r *http.Request) (*core.File, error) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		b, err := readBody(r)
		switch {
		case err != nil:
			return nil, err
		case !b.given("attachment"):
			return nil, fieldError("attachment", "No file was submitted.")
		case isNull(b.fields["attachment"]):
			return nil, nil
		}
		return nil, notAFile()
	}
	raw := front.Body(r)
	form, err := multipart.NewReader(bytes.NewReader(raw), params["boundary"]).ReadForm(int64(len(raw)) + 1)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, detail("Multipart form parse error - the form cannot be read."))
	}
	files := form.File["attachment"]
	switch {
	case len(files) == 0 && len(form.Value["attachment"]) > 0:
		return nil, notAFile()
	case len(files) == 0:
		return nil, fieldError("attachment", "No file was submitted.")
	}
	last := files[len(files)-1]
	in, err := last.Open()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return nil, fieldError("attachment", "The submitted file is empty.")
	}
	return &core.File{Name: fileName(last.Filename), Data: data}, in.Close()
}

func notAFile() error {
	return fieldError("attachment", "The submitted data was not a file. Check the encoding type on the form.")
}

// fileName is the last part of a file's path, without what a header could not carry.
func fileName(s string) string {
	s = path.Base(strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\\", "/"))
	s = core.Cut(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s), 200)
	if strings.Trim(s, "./") == "" {
		return "purchase-order.pdf"
	}
	return s
}
