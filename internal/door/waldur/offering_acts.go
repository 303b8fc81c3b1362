package waldur

import (
	"encoding/json"
	"net/http"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// provided finds the offering of a path for one who delivers it: 404 for others, 403
// without the right.
func (d *door) provided(r *http.Request, who core.Actor, right tenant.Right) (id.ID, error) {
	i := named(r, id.Offering)
	return i, d.read(r, who, func(v *view) error {
		sh, err := v.providedOffering(i)
		if err != nil {
			return err
		}
		return d.unable(who, right, i, v.provider(sh.Offering.Provider).Customer)
	})
}

// changeOffering changes what a body says of an offering.
func (d *door) changeOffering(r *http.Request, who core.Actor, right tenant.Right, change func(b *body, sh catalog.Sheet) (core.OfferingSpec, error)) error {
	i, err := d.provided(r, who, right)
	if err != nil {
		return err
	}
	_, err = d.core.ChangeOffering(r.Context(), who, i, right, func(_ *core.Scene, sh catalog.Sheet) (core.OfferingSpec, error) {
		b, err := readBody(r)
		if err != nil {
			return core.OfferingSpec{}, err
		}
		return change(b, sh)
	})
	return err
}

// offeringMove is an operation that moves an offering on. It may keep why.
type offeringMove struct {
	name   string
	act    catalog.Act
	right  tenant.Right
	reason func(b *body) string
}

func noReason(*body) string { return "" }

var offeringMoves = []offeringMove{
	{"activate", catalog.Activate, tenant.ActivateOffering, noReason},
	{"pause", catalog.Pause, tenant.PauseOffering, func(b *body) string { return b.text("paused_reason", false, 2000) }},
	{"unpause", catalog.Resume, tenant.PauseOffering, noReason},
	{"make_unavailable", catalog.Suspend, tenant.PauseOffering, nil},
	{"make_available", catalog.Reinstate, tenant.PauseOffering, nil},
	{"archive", catalog.Archive, tenant.ArchiveOffering, nil},
}

func (d *door) moveOffering(m offeringMove) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		i, err := d.provided(r, who, m.right)
		if err != nil {
			return err
		}
		sh, err := d.core.MoveOffering(r.Context(), who, i, m.act, func(sh catalog.Sheet) (core.OfferingSpec, error) {
			b, err := readBody(r)
			if err != nil || m.reason == nil {
				return core.OfferingSpec{}, err
			}
			kept := attrs[map[string]json.RawMessage](object(sh.Offering.Attrs))
			kept["paused_reason"] = quoted(m.reason(b))
			raw, err := json.Marshal(kept)
			if err == nil {
				err = b.done()
			}
			return core.OfferingSpec{Attrs: raw}, err
		})
		if e := core.AsError(err); err != nil && e.Reason == core.ReasonState {
			return rule(e.Msg)
		}
		if err != nil {
			return err
		}
		return reply(w, http.StatusOK, map[string]string{"detail": "Offering state updated.", "state": offeringState[sh.Offering.State]})
	}
}
