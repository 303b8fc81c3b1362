package demo

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"text/tabwriter"

	"github.com/docket-desk/docket/internal/app"
	"github.com/docket-desk/docket/internal/money"
)

// progress writes lines of orders that go on at once.
type progress struct {
	mu  sync.Mutex
	out io.Writer
}

func (p *progress) line(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, "  "+format+"\n", args...)
}

// table tells what became of each order, and its id as each door spells it.
func table(out io.Writer, results []result) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nDOOR\tORDER\tSTATE\tHELD\tCAPTURED\tRELEASED")
	for _, r := range results {
		if r.err != nil {
			fmt.Fprintf(w, "%s\t%s\t%s\t\t\t\n", r.door, cmp.Or(r.id, "–"), "failed: "+r.err.Error())
			continue
		}
		sums, err := booked(r)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s %s\t%s\t%s\n", r.door, r.id, r.told.State, sums["hold"].Fixed(2), r.told.Currency, sums["capture"].Fixed(2), sums["release"].Fixed(2))
	}
	fmt.Fprintln(w, "\nPLACED THROUGH\tIN ARD\tIN OUTPOSTS\tIN MODELARTS\tIN WALDUR")
	for _, r := range results {
		if r.err == nil {
			s := r.told.Spellings
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.door, s["ard"], s["outposts"], s["modelarts"], s["waldur"])
		}
	}
	return w.Flush()
}

// booked sums an order's entries by kind.
func booked(r result) (map[string]money.Micro, error) {
	sums := map[string]money.Micro{}
	for _, e := range r.told.Entries {
		m, err := money.ParseMicro(e.Amount)
		if err != nil {
			return nil, err
		}
		sums[e.Kind] += m
	}
	return sums, nil
}

// howTo tells how to go on from here.
func howTo(out io.Writer, cfg app.Config, e env) {
	fmt.Fprintf(out, `
The desk's page        %s/
Its operator's API     %s/docket/v1/openapi.json
Everything for scripts %s

Point a vendor's own client at it:
  set -a; . %s; set +a
  max-ard account                                   # imagery, as alice
  aws outposts list-catalog-items                   # hardware; boto3 and the other SDKs alike
  ModelArtsClient….with_endpoint("%s")   # pools
  AuthenticatedClient(base_url="%s", token=…)   # allocations: WALDUR_TOKEN
  docket order list                                 # the operator

It goes on serving until Ctrl-C.
`, e["DOCKET_URL"], e["DOCKET_URL"], filepath.Join(cfg.Data, jsonName), filepath.Join(cfg.Data, envName), e["MODELARTS_ENDPOINT"], e["WALDUR_URL"])
}
