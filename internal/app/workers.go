package app

import (
	"context"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/door/waldur"
	"github.com/docket-desk/docket/internal/fulfil"
)

// workers are what goes on beside the ports until its context ends.
func (d *Desk) workers() []func(context.Context) {
	delivery := &fulfil.Delivery{Core: d.Core, Buckets: fulfil.Buckets{Dir: d.Config.Buckets()}, Log: d.log}
	runner := &fulfil.Runner{Core: d.Core, Log: d.log, Works: map[string]fulfil.Work{core.JobDelivery: delivery.Do}}
	accounts := &waldur.AccountKeeper{Core: d.Core, Log: d.log}
	return []func(context.Context){runner.Run, accounts.Run}
}
