package client

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// RowsHeader says of a backup how many rows are on their way.
const RowsHeader = "Docket-Rows"

// Backup is a desk's backup on its way: a tar file of pieces and, last, manifest.json. Who
// read it to io.EOF and found the manifest has all of it.
type Backup struct {
	io.ReadCloser
	Rows int64 // how many are to come; 0 where the desk did not say
}

// Backup asks for the whole desk, as it is at one instant. Staff only. It takes as long as
// it takes: only ctx ends it.
func (c *Client) Backup(ctx context.Context) (Backup, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.Base, "/")+"/docket/v1/backup", nil)
	if err != nil {
		return Backup{}, err
	}
	answer, err := c.send(r, 0)
	if err != nil {
		return Backup{}, err
	}
	if answer.StatusCode >= 300 {
		defer answer.Body.Close()
		b, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
		if err != nil {
			return Backup{}, err
		}
		return Backup{}, refusal(answer, b)
	}
	rows, _ := strconv.ParseInt(answer.Header.Get(RowsHeader), 10, 64) // for telling alone
	return Backup{answer.Body, rows}, nil
}
