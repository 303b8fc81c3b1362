package imagery

import "time"

// Category is the age of an image as it is priced.
type Category string

// The three categories, youngest first.
const (
	Fresh    Category = "fresh"    // at most 90 whole UTC days old
	Standard Category = "standard" // older, up to and including the day three calendar years on
	Training Category = "training" // older still
)

// Categories lists them, youngest first.
func Categories() []Category { return []Category{Fresh, Standard, Training} }

// CategoryOf is the category at an instant of what was acquired at another. Days
// are whole spans of 24 hours since the acquisition; the three years are of the
// UTC calendar and end with their last day (29 February counts as 1 March).
func CategoryOf(acquired, at time.Time) Category {
	acquired, at = acquired.UTC(), at.UTC()
	if at.Sub(acquired) < 91*24*time.Hour {
		return Fresh
	}
	y, m, d := acquired.Date()
	over := time.Date(y+3, m, d+1, 0, 0, 0, 0, time.UTC) // the day after the last; 30 February is 2 March
	if at.Before(over) {
		return Standard
	}
	return Training
}
