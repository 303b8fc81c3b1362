package app

import (
	"net/http"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/door/ard"
)

func openARD(d *Desk) ([]string, http.Handler, error) {
	access := auth.Signed{Core: d.Core, Key: d.Master, Purpose: "ard access"}
	return ard.Prefixes, ard.New(d.Core, ard.Options{
		Log:     d.log,
		Public:  d.Config.Public,
		Scheme:  auth.First(auth.TokenKey{Core: d.Core}, access),
		Access:  access,
		Refresh: auth.Signed{Core: d.Core, Key: d.Master, Purpose: "ard refresh"},
		Links:   auth.Link{Core: d.Core, Key: d.Master},
	}), nil
}
