package record

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
)

// Migration is one numbered change of a schema; that of the same number in another store
// is the same change.
type Migration struct {
	Version int64
	Name    string
	SQL     string
}

// Migrations reads those of a store out of its folder, in order. They are numbered from 1
// without gaps.
func Migrations(files fs.FS) ([]Migration, error) {
	found, err := fs.Glob(files, "migration/*.sql")
	if err != nil {
		return nil, err
	}
	var out []Migration
	for i, f := range found { // Glob sorts, and the numbers have four digits
		name := path.Base(f)
		if n, err := strconv.Atoi(name[:4]); err != nil || n != i+1 {
			return nil, fmt.Errorf("migration %s is not number %d", name, i+1)
		}
		sql, err := fs.ReadFile(files, f)
		if err != nil {
			return nil, err
		}
		out = append(out, Migration{int64(i + 1), name, string(sql)})
	}
	return out, nil
}
