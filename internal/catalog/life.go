package catalog

import "slices"

// Act moves an offering on in its life.
type Act string

// The acts. None makes a draft of what was offered once, and none brings back what is
// archived: its orders go on, new ones are refused.
const (
	Activate  Act = "activate"
	Pause     Act = "pause"
	Resume    Act = "resume"
	Suspend   Act = "suspend" // nobody orders it, or changes what it delivers
	Reinstate Act = "reinstate"
	Archive   Act = "archive"
)

// Step is a row of an offering's life.
type Step struct {
	Act     Act
	From    []State
	To      State
	Planned bool // only with a plan that can be ordered on
}

// Life lists the steps of an offering's life.
func Life() []Step {
	return []Step{
		{Activate, []State{Draft, Paused}, Active, true},
		{Pause, []State{Active}, Paused, false},
		{Resume, []State{Paused}, Active, true},
		{Suspend, []State{Active, Paused}, Unavailable, false},
		{Reinstate, []State{Unavailable}, Active, true},
		{Archive, States(), Archived, false},
	}
}

// Next is the state that an act leads to; ok is false where it leads nowhere from there.
func (s *Sheet) Next(act Act) (to State, ok bool) {
	live := slices.ContainsFunc(s.Plans, func(p Plan) bool { return p.ArchivedAt == nil })
	for _, step := range Life() {
		if step.Act == act && slices.Contains(step.From, s.Offering.State) && (live || !step.Planned) {
			return step.To, true
		}
	}
	return "", false
}

// Upfront reports whether what a price asks is asked once: of components that are charged
// so, and of others where it asks nothing again.
func (p Price) Upfront(b Billing) bool { return b == Once || b == Few || p.Each == 0 && p.Once != 0 }
