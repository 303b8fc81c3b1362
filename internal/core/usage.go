package core

import (
	"context"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/order"
)

// ReportUsage records what was used, and charges what is billed by usage: the price of
// the new total less what was charged before. What has happened is recorded above a
// limit too (event limit.exceeded).
func (c *Core) ReportUsage(ctx context.Context, who Actor, u UsageReport) ([]order.Usage, error) {
	panic("unreached")
}

// ReportUserUsage records users' parts.
func (c *Core) ReportUserUsage(ctx context.Context, who Actor, u UserUsageReport) error {
	panic("unreached")
}

// SelectImagery finds tiles and says what ordering them would cost today. Nothing is kept.
func (s *Scene) SelectImagery(req imagery.Request) (Selection, error) { panic("unreached") }

func (c *Core) standings(r Reader, customer id.ID, on []LimitScope) ([]Standing, error) {
	panic("unreached")
}
