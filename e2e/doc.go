// Package e2e runs the vendors' own clients, unmodified and at the versions
// that their contracts pin, against the built binary over real ports: one order
// through each door from placing to charged, the refusals those clients raise
// as exceptions, each order read through the other three doors, and the ledgers
// compared. It also runs the demo as a newcomer does, twice over the same data
// and killed in between.
//
// The clients live in clients/NAME, each with its requirements.txt, its tests
// for pytest and cross.py, which places and reads single orders for the Go
// tests here. setup makes their virtual environments. What a request means in
// detail is for the golden conversations of each door; here counts only what
// the clients make of the answers.
package e2e
