package imagery

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// DefaultStackDepth is how many tiles of a cell a select keeps when it does not say.
const DefaultStackDepth = 5

// Request is what a select asks for. Its zero fields ask for nothing in particular.
type Request struct {
	AOI        AOI
	Cells      []Cell   // only these
	IDs        []string // only these acquisitions, by catalog id
	Interval   Interval
	Categories []Category
	Query      Query
	StackDepth int       // tiles kept a cell: 0 is DefaultStackDepth, below 0 all
	NewestOnly bool      // newest first whatever the query scores, as metadata searches want it
	At         time.Time // the instant that ages are reckoned at; must be given
}

// Selected is a tile that a select found, with what was measured of it.
type Selected struct {
	Tile     Tile
	Category Category
	Micro    int64 // square metres inside bare cell and area of interest: what an order of it pays for
	Window   int64 // square metres of the bare cell inside the area of interest
	InCell   int64 // square metres of data inside the bare cell
	Score    float64
}

// DataPercent is the share of the area of interest in this cell that has data.
func (s *Selected) DataPercent() float64 { return share(s.Micro, s.Window) }

// TileDataPercent is the share of the bare cell that has data.
func (s *Selected) TileDataPercent() float64 { return share(s.InCell, cellEdge*cellEdge) }

// CloudFreePercent is the share of the data without clouds. Archives give the clouds
// of a tile as a figure, not by their shape, so it is the same inside an area of interest.
func (s *Selected) CloudFreePercent() float64 { return 100 - s.Tile.Properties.CloudsPercent }

// share in per cent, to four decimals, so that what is all there is exactly 100.
func share(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return min(100, math.Round(1e6*float64(part)/float64(whole))/1e4)
}

// Stack is what was found in one cell.
type Stack struct {
	Cell      Cell
	Available int        // tiles that match, before the stack depth cuts them
	Fulfilled bool       // there are as many as were asked for
	Best      []Selected // best first
}

// Times are the earliest and latest time of the stack's tiles; zero when it is empty.
func (s Stack) Times() (first, last time.Time) {
	for i, t := range s.Best {
		if i == 0 || t.Tile.At.Before(first) {
			first = t.Tile.At
		}
		if i == 0 || t.Tile.At.After(last) {
			last = t.Tile.At
		}
	}
	return first, last
}

// DepthSummary counts the stacks of a select.
type DepthSummary struct {
	StackDepth int `json:"stack_depth"` // as asked for; 0 without a limit
	Cells      int `json:"cells"`
	Fulfilled  int `json:"cells_fulfilled"`
	Partial    int `json:"cells_partial"`
	Empty      int `json:"cells_empty"`
	Tiles      int `json:"tiles"`
}

// Result is what a select finds.
type Result struct {
	Stacks       []Stack // by cell; those without tiles only when there is an area of interest
	Depth        DepthSummary
	Acquisitions []string           // catalog ids of the tiles in the stacks, in order, each once
	Micro        map[Category]int64 // square metres, summed over those tiles; a row for each category
	Missing      []string           // ids asked for of which no tile was among the candidates
}

// Tiles are the tiles of all stacks.
func (r Result) Tiles() []Selected {
	var out []Selected
	for _, s := range r.Stacks {
		out = append(out, s.Best...)
	}
	return out
}

// Select finds, among candidate tiles, those the request asks for. A tile without
// area in its cell and the area of interest is none of them. In each cell the best
// are kept: the higher score of the query first (see Query), then the newer, then
// more data, then the catalog id. It fails only on tiles whose data cannot be read,
// or with an *AOIError when the area touches too many cells.
func Select(candidates []Tile, req Request) (Result, error) {
	ruler := newRuler(req.AOI)
	cells, ids := set(req.Cells), set(req.IDs)
	stacks := map[Cell]*Stack{}
	if !req.AOI.IsZero() {
		touched, err := req.AOI.Cells()
		if err != nil {
			return Result{}, err
		}
		for _, c := range touched {
			if cells.lets(c) && math.Round(ruler.window(c).area) > 0 {
				stacks[c] = &Stack{Cell: c}
			}
		}
	}
	missing := set(req.IDs)
	type key struct {
		acquisition string
		cell        Cell
	}
	seen := make(map[key]bool, len(candidates))
	for _, t := range candidates {
		delete(missing, t.CatalogID)
		k := key{t.CatalogID, t.Cell}
		if !ids.lets(t.CatalogID) || seen[k] || !cells.lets(t.Cell) || !req.Interval.Holds(t.At) {
			continue
		}
		seen[k] = true
		s, ok, err := req.judge(ruler, t)
		if err != nil {
			return Result{}, err
		}
		if !ok {
			continue
		}
		if stacks[t.Cell] == nil {
			stacks[t.Cell] = &Stack{Cell: t.Cell}
		}
		stacks[t.Cell].Best = append(stacks[t.Cell].Best, s)
	}
	out := req.summarize(stacks)
	for _, id := range req.IDs {
		if missing[id] && !slices.Contains(out.Missing, id) {
			out.Missing = append(out.Missing, id)
		}
	}
	return out, nil
}

// choice is a set of what is asked for; an empty one asks for nothing in particular.
type choice[T comparable] map[T]bool

func set[T comparable](list []T) choice[T] {
	out := make(choice[T], len(list))
	for _, v := range list {
		out[v] = true
	}
	return out
}

func (c choice[T]) lets(v T) bool { return len(c) == 0 || c[v] }

// judge measures a tile and says whether it is one of those asked for.
func (req Request) judge(ruler *ruler, t Tile) (s Selected, ok bool, err error) {
	s = Selected{Tile: t, Category: t.Category(req.At)}
	if len(req.Categories) > 0 && !slices.Contains(req.Categories, s.Category) {
		return s, false, nil
	}
	if s.Micro, s.InCell, err = ruler.tile(t); err != nil || s.Micro == 0 {
		return s, false, err
	}
	s.Window = int64(math.Round(ruler.window(t.Cell).area))
	if !req.Query.match(&s) {
		return s, false, nil
	}
	if !req.NewestOnly {
		s.Score = req.Query.score(&s)
	}
	return s, true, nil
}

func better(a, b Selected) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), b.Tile.At.Compare(a.Tile.At), cmp.Compare(b.Micro, a.Micro),
		cmp.Compare(a.Tile.CatalogID, b.Tile.CatalogID))
}

func (req Request) summarize(stacks map[Cell]*Stack) Result {
	depth := cmp.Or(req.StackDepth, DefaultStackDepth)
	out := Result{Micro: map[Category]int64{}}
	for _, c := range Categories() {
		out.Micro[c] = 0
	}
	unique := map[string]bool{}
	for _, s := range stacks {
		slices.SortFunc(s.Best, better)
		s.Available = len(s.Best)
		s.Fulfilled = s.Available > 0 && (depth < 0 || s.Available >= depth)
		if depth >= 0 && s.Available > depth {
			s.Best = s.Best[:depth]
		}
		for _, t := range s.Best {
			out.Micro[t.Category] += t.Micro
			unique[t.Tile.CatalogID] = true
		}
		out.Depth.Cells++
		out.Depth.Tiles += len(s.Best)
		switch {
		case s.Fulfilled:
			out.Depth.Fulfilled++
		case s.Available > 0:
			out.Depth.Partial++
		case s.Available == 0:
			out.Depth.Empty++
		}
		out.Stacks = append(out.Stacks, *s)
	}
	out.Depth.StackDepth = max(0, depth)
	slices.SortFunc(out.Stacks, func(a, b Stack) int { return cmp.Compare(a.Cell, b.Cell) })
	for name := range unique {
		out.Acquisitions = append(out.Acquisitions, name)
	}
	slices.Sort(out.Acquisitions)
	return out
}
