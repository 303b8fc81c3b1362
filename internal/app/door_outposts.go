package app

import (
	"net/http"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/door/outposts"
)

func openOutposts(d *Desk) ([]string, http.Handler, error) {
	repeat, err := d.Config.sameBody()
	if err != nil {
		return nil, nil, err
	}
	return outposts.Prefixes, outposts.New(d.Core, outposts.Options{
		Log:    d.log,
		Public: d.Config.Public,
		Repeat: repeat[outposts.Name],
		Scheme: &auth.SigV4{Core: d.Core, Service: "outposts"},
	}), nil
}
