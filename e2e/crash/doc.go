// Package crash breaks desks and asks afterwards whether they kept their promise. Rounds of
// load go through the doors of the built binary until it is killed, at any moment or at a
// point with a name; it is started again over the same data, every request that had no
// answer is repeated under its key, and then: what was answered is there, in the state
// answered or a later one; one key has one order; there is no other; deliveries lie whole
// where they belong; the books agree. A full disk, a clock set back and a second process on
// the same folder stand beside the rounds.
package crash
