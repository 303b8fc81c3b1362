package app

import (
	"net/http"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/door/outposts"
)

func openOutposts(d *Desk) ([]string, http.Handler, error) {
	return outposts.Prefixes, outposts.New(d.Core, outposts.Options{
		Log:    d.log,
		Public: d.Config.Public,
		Scheme: &auth.SigV4{Core: d.Core, Service: "outposts"},
	}), nil
}
