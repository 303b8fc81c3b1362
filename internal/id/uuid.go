package id

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Kind is the kind of record that a UUID's high half names. Its value is part of
// the wire: never renumber.
type Kind uint16

// The kinds of records that have a UUID spelling.
const (
	Customer Kind = iota + 1
	Project
	User
	Provider
	Offering
	Component
	Plan
	Order
	Resource
	Usage
	Grant
	Key
	Term
	Document
	Category
	Role
	Asset
	PlanPrice
	UserUsage
)

// UUID spells an ID as a version 8 UUID of 32 hex digits without dashes, the
// kind in its high half: two records of different kinds never share one.
func (i ID) UUID(k Kind) string {
	return fmt.Sprintf("d0c4e700%04x8000%016x", uint16(k), uint64(i)|1<<63)
}

// Dashed is UUID in the 8-4-4-4-12 form.
func (i ID) Dashed(k Kind) string {
	u := i.UUID(k)
	return u[:8] + "-" + u[8:12] + "-" + u[12:16] + "-" + u[16:20] + "-" + u[20:]
}

// WellFormedUUID reports whether s is any UUID, with dashes or without.
func WellFormedUUID(s string) bool {
	_, ok := bare(s)
	return ok
}

func bare(s string) (string, bool) {
	if len(s) == 36 {
		if s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
			return "", false
		}
		s = strings.ReplaceAll(s, "-", "")
	}
	if len(s) != 32 {
		return "", false
	}
	if _, err := hex.DecodeString(s); err != nil {
		return "", false
	}
	return strings.ToLower(s), true
}

// ParseUUID reads either form. A well-formed UUID of another kind, or not of
// ours, is an error like any other: to the caller it names nothing.
func ParseUUID(k Kind, s string) (ID, error) {
	u, ok := bare(s)
	if !ok {
		return 0, fmt.Errorf("%q is no UUID", clip(s))
	}
	var n uint64
	if _, err := fmt.Sscanf(u[16:], "%016x", &n); err != nil {
		return 0, err
	}
	i := ID(n &^ (1 << 63))
	if !i.Valid() || i.UUID(k) != u {
		return 0, fmt.Errorf("%s names no such record", u)
	}
	return i, nil
}
