package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client asks one desk. Its zero HTTP waits at most two minutes for an answer.
type Client struct {
	Base  string       // the desk's root, such as https://desk.example
	Token string       // an API token
	HTTP  *http.Client // nil: one with a timeout of two minutes
}

// New returns a client of the desk at base, with an API token.
func New(base, token string) *Client { return &Client{Base: base, Token: token} }

var patient = &http.Client{Timeout: 2 * time.Minute}

// Orders lists orders, newest first.
func (c *Client) Orders(ctx context.Context, q OrderQuery) (Orders, error) {
	v := url.Values{}
	for name, s := range map[string]string{"customer": q.Customer, "project": q.Project, "offering": q.Offering, "door": q.Door, "after": q.After} {
		if s != "" {
			v.Set(name, s)
		}
	}
	if len(q.States) > 0 {
		v.Set("state", strings.Join(q.States, ","))
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	path := "/orders"
	if len(v) > 0 {
		path += "?" + v.Encode()
	}
	var out Orders
	return out, c.do(ctx, http.MethodGet, path, nil, &out, "")
}

// Order returns one order, by any spelling of its id.
func (c *Client) Order(ctx context.Context, id string) (Order, error) {
	var out Order
	return out, c.do(ctx, http.MethodGet, "/orders/"+url.PathEscape(id), nil, &out, "")
}

// Charges returns what the resource of an order was charged, period by period; after is
// the Next of the page before, or empty.
func (c *Client) Charges(ctx context.Context, order, after string) (Charges, error) {
	path := "/orders/" + url.PathEscape(order) + "/charges"
	if after != "" {
		path += "?after=" + url.QueryEscape(after)
	}
	var out Charges
	return out, c.do(ctx, http.MethodGet, path, nil, &out, "")
}

// Place places an order. The same key again, with the same placement, gets the first
// order; the empty key makes it unsafe to repeat.
func (c *Client) Place(ctx context.Context, p Placement, key string) (Order, error) {
	var out Order
	return out, c.do(ctx, http.MethodPost, "/orders", p, &out, key)
}

// Approve lets an order pass the gate of one side.
func (c *Client) Approve(ctx context.Context, id string, v Verdict) (Order, error) {
	return c.act(ctx, id, "approve", v)
}

// Reject ends an order at the gate of one side.
func (c *Client) Reject(ctx context.Context, id string, v Verdict) (Order, error) {
	return c.act(ctx, id, "reject", v)
}

// Cancel cancels an order.
func (c *Client) Cancel(ctx context.Context, id string, v Verdict) (Order, error) {
	return c.act(ctx, id, "cancel", v)
}

// Ship moves lines of an order on.
func (c *Client) Ship(ctx context.Context, id string, m Move) (Order, error) {
	return c.act(ctx, id, "ship", m)
}

// Done fulfils an order: every open line ends well, in full, and is charged.
func (c *Client) Done(ctx context.Context, id string, v Verdict) (Order, error) {
	return c.act(ctx, id, "done", v)
}

// Fail ends an order as erred: it costs nothing.
func (c *Client) Fail(ctx context.Context, id string, v Verdict) (Order, error) {
	return c.act(ctx, id, "fail", v)
}

// Retry takes an erred order up again; its cost is held anew.
func (c *Client) Retry(ctx context.Context, id string, v Verdict) (Order, error) {
	return c.act(ctx, id, "retry", v)
}

// Adjust corrects what an ended order was charged.
func (c *Client) Adjust(ctx context.Context, id string, a Adjustment) (Order, error) {
	return c.act(ctx, id, "adjust", a)
}

func (c *Client) act(ctx context.Context, id, act string, body any) (Order, error) {
	var out Order
	return out, c.do(ctx, http.MethodPost, "/orders/"+url.PathEscape(id)+"/"+act, body, &out, "")
}

// Apply makes or changes what a World names, all of it or nothing.
func (c *Client) Apply(ctx context.Context, w World) (Applied, error) {
	var out Applied
	return out, c.do(ctx, http.MethodPost, "/apply", w, &out, "")
}

// ImportArchive adds the tiles of FeatureCollections to the imagery archive.
func (c *Client) ImportArchive(ctx context.Context, a Archive) (Imported, error) {
	var out Imported
	return out, c.do(ctx, http.MethodPost, "/archive", a, &out, "")
}

// Verify recomputes the books and says what disagrees.
func (c *Client) Verify(ctx context.Context) (Report, error) {
	var out Report
	return out, c.do(ctx, http.MethodPost, "/verify", nil, &out, "")
}

// VerifyAloud is Verify, telling about every second how far it is. It takes as long as it
// takes: only ctx ends it.
func (c *Client) VerifyAloud(ctx context.Context, tell func(Report)) (Report, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.Base, "/")+"/docket/v1/verify/aloud", nil)
	if err != nil {
		return Report{}, err
	}
	answer, err := c.send(r, 0)
	if err != nil {
		return Report{}, err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		b, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
		if err != nil {
			return Report{}, err
		}
		return Report{}, refusal(answer, b)
	}
	for lines := json.NewDecoder(answer.Body); ; {
		var line struct {
			Report
			Problem *Problem `json:"problem"`
		}
		switch err := lines.Decode(&line); {
		case err != nil:
			return Report{}, fmt.Errorf("the desk stopped telling: %w", err)
		case line.Problem != nil:
			return Report{}, line.Problem
		case line.Doing == "":
			return line.Report, nil
		}
		tell(line.Report)
	}
}

// Clock says what the desk's clock shows, where it is one that can be turned.
func (c *Client) Clock(ctx context.Context) (Clock, error) {
	var out Clock
	return out, c.do(ctx, http.MethodGet, "/clock", nil, &out, "")
}

// TurnClock turns the desk's clock, where it is one that can be turned.
func (c *Client) TurnClock(ctx context.Context, t Turn) (Clock, error) {
	var out Clock
	return out, c.do(ctx, http.MethodPost, "/clock", t, &out, "")
}

func (c *Client) do(ctx context.Context, method, path string, in, out any, key string) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.Base, "/")+"/docket/v1"+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	answer, err := c.send(r, -1)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("%s %s: the answer broke off: %w", method, path, err)
	}
	if answer.StatusCode >= 300 {
		return refusal(answer, b)
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("%s %s: the answer is no JSON of this API's: %w", method, path, err)
	}
	return nil
}

// send sends a request; within, if not negative, is how long it may take in place of what
// the client's own bound is (0: any time).
func (c *Client) send(r *http.Request, within time.Duration) (*http.Response, error) {
	r.Header.Set("Accept", "application/json")
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	h := c.HTTP
	if h == nil {
		h = patient
	}
	if within >= 0 {
		own := *h
		own.Timeout = within
		h = &own
	}
	return h.Do(r)
}

// refusal reads a problem, or makes one of an answer that is none: from a proxy, or from
// a server that is no desk.
func refusal(answer *http.Response, b []byte) error {
	var p Problem
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "application/problem+json") && json.Unmarshal(b, &p) == nil {
		p.Status = answer.StatusCode
		return &p
	}
	const most = 300
	text := strings.TrimSpace(string(b))
	if len(text) > most {
		text = text[:most] + "…"
	}
	return &Problem{Status: answer.StatusCode, Title: http.StatusText(answer.StatusCode), Detail: fmt.Sprintf("%s answered %s: %s", answer.Request.URL.Host, answer.Status, text)}
}
