package app

import (
	"net/http"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/door/ard"
)

func openARD(d *Desk) ([]string, http.Handler, error) {
	repeat, err := d.Config.sameBody()
	if err != nil {
		return nil, nil, err
	}
	access := auth.Signed{Core: d.Core, Key: d.Master, Purpose: "ard access"}
	return ard.Prefixes, ard.New(d.Core, ard.Options{
		Log:     d.log,
		Public:  d.Config.Public,
		Repeat:  repeat[ard.Name],
		Scheme:  auth.First(auth.TokenKey{Core: d.Core}, access),
		Access:  access,
		Refresh: auth.Signed{Core: d.Core, Key: d.Master, Purpose: "ard refresh"},
		Links:   auth.Link{Core: d.Core, Key: d.Master},
	}), nil
}
