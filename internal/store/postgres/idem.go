package postgres

import (
	"encoding/hex"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/store/record"
)

const idemColumns = "day, hash, body, about_id, at"

func readIdem(row record.Row) core.Idem {
	i := core.Idem{Day: day.Day(row.Int(0)), About: id.ID(row.Int(3)), At: time.UnixMicro(row.Int(4)).UTC()}
	copy(i.Hash[:], row.Bytes(1))
	copy(i.Body[:], row.Bytes(2))
	return i
}

func noRequest() error {
	return &core.Error{Kind: core.NotFound, About: core.Ref{Kind: "idem"}, Msg: "There was no such request."}
}

func idemOf(e record.Engine, days []day.Day, hash [16]byte) (core.Idem, error) {
	var got core.Idem
	found := false
	list := make([]int64, len(days))
	for n, d := range days {
		list[n] = int64(d)
	}
	err := e.Query("SELECT "+idemColumns+" FROM idem WHERE day = ANY (?) AND hash = ? ORDER BY at DESC", false,
		[]record.Arg{{Kind: record.Ints, Ints: list}, record.Blob(hash[:])}, func(row record.Row) {
			if !found {
				got, found = readIdem(row), true
			}
		})
	if err == nil && !found {
		err = noRequest()
	}
	return got, err
}

func (r *reader) Idem(days []day.Day, hash [16]byte) (core.Idem, error) {
	return idemOf(r, days, hash)
}

func (tx *alone) Idem(days []day.Day, hash [16]byte) (core.Idem, error) {
	return idemOf(tx, days, hash)
}

// PutIdem replaces the request's row, whatever day that is of: clocks differ, and a day
// ends between two requests.
func (tx *alone) PutIdem(i core.Idem) error {
	if _, err := tx.Exec("write idem", "DELETE FROM idem WHERE hash = ? AND day >= ? AND day <= ?", func(p record.Params) error {
		p.Bytes(0, i.Hash[:])
		p.Int(1, int64(i.Day)-idemDays)
		p.Int(2, int64(i.Day)+idemDays)
		return nil
	}); err != nil {
		return err
	}
	_, err := tx.Exec("write idem", "INSERT INTO idem ("+idemColumns+") VALUES (?, ?, ?, ?, ?)", func(p record.Params) error {
		p.Int(0, int64(i.Day))
		p.Bytes(1, i.Hash[:])
		p.Bytes(2, i.Body[:])
		p.Int(3, int64(i.About))
		p.Int(4, i.At.UnixMicro())
		return nil
	})
	return err
}

func (tx *alone) DropIdem(before day.Day, most int) (int, error) {
	return tx.Exec("drop idem", "DELETE FROM idem WHERE (day, hash) IN (SELECT day, hash FROM idem WHERE day < ? ORDER BY day, hash LIMIT ?)",
		record.With(record.Number(before), record.Number(most)))
}

// AllIdem pages by day and hash.
func (r *reader) AllIdem(after string, n int) ([]core.Idem, string, error) {
	return allIdem(r, after, n)
}

func (tx *alone) AllIdem(after string, n int) ([]core.Idem, string, error) {
	return allIdem(tx, after, n)
}

func (a *act) AllIdem(after string, n int) ([]core.Idem, string, error) { return allIdem(a, after, n) }

func allIdem(e record.Engine, after string, n int) ([]core.Idem, string, error) {
	var on int64
	var hash []byte
	if after != "" {
		day, rest, _ := strings.Cut(after, ".")
		var err, bad error
		on, err = strconv.ParseInt(day, 10, 32)
		if hash, bad = hex.DecodeString(rest); err != nil || bad != nil {
			return nil, after, &core.Error{Kind: core.Invalid, Op: "idem", Msg: "This is no place among the requests.", Err: errors.Join(err, bad)}
		}
	} else {
		on = math.MinInt32
	}
	var out []core.Idem
	err := e.Query("SELECT "+idemColumns+" FROM idem WHERE (day, hash) > (?, ?) ORDER BY day, hash LIMIT ?", false,
		[]record.Arg{record.Number(on), record.Blob(hash), record.Number(n)}, func(row record.Row) { out = append(out, readIdem(row)) })
	if len(out) > 0 {
		last := out[len(out)-1]
		after = strconv.Itoa(int(last.Day)) + "." + hex.EncodeToString(last.Hash[:])
	}
	return out, after, err
}
