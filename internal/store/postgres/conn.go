package postgres

import (
	"context"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Names by which a backend tells what it does, and for how long it may: see reap.
const (
	readerName = "docket reader"
	writerName = "docket writer"
	aloneName  = "docket alone"
	scanName   = "docket scan"
	keeperName = "docket keeper"
)

// cancelWithin is how long a query has to end once its context has: then the connection
// is dropped.
const cancelWithin = 3 * time.Second

// settings are those of every connection; each also says who it is by application_name.
func settings(cfg *pgconn.Config, name string, more map[string]string) {
	cfg.RuntimeParams["application_name"] = name
	cfg.RuntimeParams["timezone"] = "UTC"
	for k, v := range more {
		cfg.RuntimeParams[k] = v
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 5 * time.Second
	}
	cfg.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: cancelWithin}
	}
}

// writing are the settings of connections that write. A plan made while a table was empty
// would be kept for good, so the planner is told what it would find out later: every
// statement is by key.
func writing() map[string]string {
	return map[string]string{
		"idle_in_transaction_session_timeout": "5000",
		"lock_timeout":                        "15000",
		"default_transaction_isolation":       "read committed",
		"plan_cache_mode":                     "force_generic_plan",
		"enable_seqscan":                      "off",
		"enable_hashjoin":                     "off",
		"enable_mergejoin":                    "off",
	}
}

// newPool makes a pool of connections, opened as they are needed.
func newPool(ctx context.Context, dsn, name string, most int, more map[string]string) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, unusable("open", "The database's address cannot be read: write postgres://user:password@host:5432/name.", nil)
	}
	settings(&cfg.ConnConfig.Config, name, more)
	cfg.MaxConns, cfg.MinConns, cfg.MaxConnIdleTime = int32(most), 0, 5*time.Minute
	cfg.MaxConnLifetime = time.Hour
	cfg.PingTimeout = cancelWithin // of one that was idle: its other end may be gone without a word
	return pgxpool.NewWithConfig(ctx, cfg)
}

// where names a database to people, without its password.
func where(dsn string) string {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return "the database"
	}
	if strings.HasPrefix(cfg.Host, "/") {
		return "postgres://" + cfg.Host + "/" + cfg.Database
	}
	return "postgres://" + net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port))) + "/" + cfg.Database
}

// spell writes a statement's parameters as PostgreSQL does: ?N becomes $N, and ? the next.
func spell(sql string) string {
	if strings.IndexByte(sql, '?') < 0 {
		return sql
	}
	b := make([]byte, 0, len(sql)+16)
	next := 0
	for i := 0; i < len(sql); i++ {
		c := sql[i]
		if c != '?' {
			b = append(b, c)
			continue
		}
		b = append(b, '$')
		if i+1 < len(sql) && sql[i+1] >= '0' && sql[i+1] <= '9' {
			continue // its number follows
		}
		next++
		b = strconv.AppendInt(b, int64(next), 10)
	}
	return string(b)
}
