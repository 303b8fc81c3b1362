package postgres

// leftOut are rules that the tests leave out, to see that their judge notices. The program
// leaves out none.
var leftOut struct {
	requestLocks bool // that a request's key is locked before it is looked for
	deskLock     bool // that nobody writes while limits and contracts change
	batchRows    bool // that a batch's row tells whether a commit without an answer stands
	balanceLocks bool // that a balance is locked before it is read
	shelf        bool // that what is kept in memory is of the revision that stands
}
