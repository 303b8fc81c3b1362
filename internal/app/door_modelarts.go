package app

import (
	"net/http"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/door/modelarts"
)

func openModelArts(d *Desk) ([]string, http.Handler, error) {
	repeat, err := d.Config.sameBody()
	if err != nil {
		return nil, nil, err
	}
	tokens := auth.Signed{Core: d.Core, Key: d.Master, Purpose: "iam", Header: modelarts.TokenHeader}
	return modelarts.Prefixes, modelarts.New(d.Core, modelarts.Options{
		Log:    d.log,
		Public: d.Config.Public,
		Repeat: repeat[modelarts.Name],
		Scheme: auth.First(tokens, auth.SDKHMAC{Core: d.Core}),
		Tokens: tokens,
	}), nil
}
