package app

import (
	"net/http"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/door/waldur"
)

func openWaldur(d *Desk) ([]string, http.Handler, error) {
	repeat, err := d.Config.sameBody()
	if err != nil {
		return nil, nil, err
	}
	return waldur.Prefixes, waldur.New(d.Core, waldur.Options{
		Log:     d.log,
		Public:  d.Config.Public,
		Repeat:  repeat[waldur.Name],
		Scheme:  auth.TokenKey{Core: d.Core},
		Version: Version(),
	}), nil
}
