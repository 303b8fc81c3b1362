package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// Format is the version of the form that this package writes, and the newest that it reads.
const Format = 1

// ManifestName is what the manifest is called among the pieces.
const ManifestName = "manifest.json"

// Manifest says what a backup is, and what it must be made of.
type Manifest struct {
	Format    int       `json:"format"`
	Docket    string    `json:"docket"`     // the version of the program that wrote it
	Schema    int       `json:"schema"`     // the version of the store that it was read from
	Source    string    `json:"source"`     // the kind of that store
	Taken     time.Time `json:"taken"`      // the instant of the snapshot
	Events    int64     `json:"events"`     // the position of the last event
	Floor     string    `json:"floor"`      // no id up to this one may be drawn again
	MasterKey string    `json:"master_key"` // fingerprint of the key that secrets are sealed under
	Rows      int64     `json:"rows"`
	Bytes     int64     `json:"bytes"` // of all pieces, as they lie there
	Tables    []Table   `json:"tables"`
	Sum       string    `json:"sha256"` // of this manifest with nothing here
}

// Table is one table and its pieces, in order.
type Table struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
	Rows    int64    `json:"rows"`
	Sum     string   `json:"sha256"` // of its rows, not compressed
	Pieces  []Piece  `json:"pieces"`
}

// Piece is some rows.
type Piece struct {
	Name  string `json:"name"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
	Size  int64  `json:"size"` // not compressed
	Sum   string `json:"sha256"`
}

func manifestOf(s core.Snapshot, docket string) Manifest {
	m := Manifest{Format: Format, Docket: docket, Schema: s.Schema, Source: s.Source, Taken: s.Taken, Events: s.Pos, Floor: s.Floor.Decimal(), MasterKey: s.Master}
	return m
}

// snapshot is what a store is told of the backup before it takes it in.
func (m *Manifest) snapshot() (core.Snapshot, error) {
	floor, err := id.ParseDecimal(m.Floor)
	if m.Floor == "0" {
		floor, err = 0, nil
	}
	s := core.Snapshot{Source: m.Source, Schema: m.Schema, Taken: m.Taken, Pos: m.Events, Floor: floor, Master: m.MasterKey}
	for _, t := range m.Tables {
		s.Tables = append(s.Tables, core.Table{Name: t.Name, Columns: t.Columns, Rows: t.Rows})
	}
	return s, err
}

// sealed is the manifest as it is written.
func (m Manifest) sealed() ([]byte, error) {
	m.Sum = ""
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, err
	}
	m.Sum = sum(b)
	return json.MarshalIndent(m, "", " ")
}

// readManifest refuses a manifest that is not as it was written, or that says what no
// backup says.
func readManifest(b []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("its %s cannot be read: %w", ManifestName, err)
	}
	if m.Format > Format {
		return m, fmt.Errorf("it is of form %d, and this program knows forms up to %d: use the docket that wrote it (%s), or a newer one", m.Format, Format, m.Docket)
	}
	again, err := m.sealed()
	if err != nil {
		return m, err
	}
	if string(again) != string(b) {
		return m, fmt.Errorf("its %s is not as it was written", ManifestName)
	}
	names := map[string]bool{}
	for _, t := range m.Tables {
		for _, p := range t.Pieces {
			if names[p.Name] || p.Name == ManifestName || strings.ContainsAny(p.Name, `/\`) || p.Size < 0 || p.Size > mostSize || p.Bytes < 0 || p.Bytes > mostSize {
				return m, fmt.Errorf("its %s names a piece %q that is none", ManifestName, p.Name)
			}
			names[p.Name] = true
		}
	}
	return m, nil
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
