package native

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/backup"
	"github.com/docket-desk/docket/internal/core"
)

// backup answers with the whole desk while it is read. An answer that breaks off is told
// from one that ended: its manifest is missing, and so is the end of its encoding.
func (d *door) backup(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
	return &huma.StreamResponse{Body: func(h huma.Context) {
		_, w := humago.Unwrap(h)
		began := false
		_, err := backup.Write(ctx, backup.Request{Place: backup.NewStream(&taken{w, http.NewResponseController(w)}), Docket: d.opt.Version,
			Begun: func(s core.Snapshot) error {
				began = true
				w.Header().Set("Content-Type", "application/x-tar")
				w.Header().Set(client.RowsHeader, strconv.FormatInt(s.Rows(), 10))
				return nil
			},
			Read: func(ctx context.Context, to core.Taker) error { return d.core.Backup(ctx, actor(ctx), to) }})
		if err == nil {
			return
		}
		if core.KindOf(err) == core.Internal && ctx.Err() == nil {
			d.log.Error("a backup failed", "door", Name, "error", err)
		}
		if began {
			panic(http.ErrAbortHandler) // so that nobody takes it for whole
		}
		fail(w, nil, core.AsError(err))
	}}, nil
}

// taken is an answer whose caller has gone when it takes nothing for long.
type taken struct {
	http.ResponseWriter
	flow *http.ResponseController
}

// Write implements io.Writer.
func (t *taken) Write(b []byte) (int, error) {
	_ = t.flow.SetWriteDeadline(time.Now().Add(tellsFor)) // failing to wait longer, the server's own bound stands
	return t.ResponseWriter.Write(b)
}
