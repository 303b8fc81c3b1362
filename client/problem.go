package client

import (
	"fmt"
	"strings"
)

// Problem is a refusal, as application/problem+json (RFC 9457).
type Problem struct {
	Type   string   `json:"type,omitempty"`
	Title  string   `json:"title"`
	Status int      `json:"status"`
	Detail string   `json:"detail,omitempty"`
	Reason string   `json:"reason,omitempty" doc:"Finer than the status, for programs."`
	Field  string   `json:"field,omitempty" doc:"The member at fault."`
	States []string `json:"states,omitempty" doc:"Of a conflict: the states in which the act is possible."`
	Limits []Breach `json:"limits,omitempty" doc:"Every limit that refused."`
	Errors []Fault  `json:"errors,omitempty" doc:"Members of the request that break the schema."`
}

// Breach is a limit that refused, with all its figures.
type Breach struct {
	Scope   string `json:"scope" doc:"customer, project, user, resource or offering."`
	Name    string `json:"name"`
	Measure string `json:"measure" doc:"money or quantity."`
	About   string `json:"about,omitempty" doc:"Offering or component; none: everything."`
	Period  string `json:"period"`
	Unit    string `json:"unit"`
	Limit   string `json:"limit"`
	Used    string `json:"used"`
	Held    string `json:"held"`
	Asked   string `json:"asked"`
}

// Fault is a member of a request that breaks the schema.
type Fault struct {
	Message  string `json:"message"`
	Location string `json:"location,omitempty"`
	Value    any    `json:"value,omitempty"`
}

// Error says what was refused and what to look at.
func (p *Problem) Error() string {
	s := p.Detail
	if s == "" {
		s = p.Title
	}
	for _, b := range p.Limits[min(1, len(p.Limits)):] { // the first is in the sentence
		s += fmt.Sprintf(" Also: %s limit of %s %s is %s %s: used %s, held %s, asked %s.", b.Measure, b.Scope, b.Name, b.Limit, b.Unit, b.Used, b.Held, b.Asked)
	}
	for _, f := range p.Errors {
		s += fmt.Sprintf(" %s: %s.", f.Location, f.Message)
	}
	if len(p.States) > 0 {
		s += " It is possible while an order is " + strings.Join(p.States, ", ") + "."
	}
	return s
}
