package waldur

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// An account is a user's name inside one offering: what the vendor calls an offering user.
// It is a document of this door: its customer is the offering's provider, its parent the
// offering, its name the pair of both ids, so that a user has one in an offering.

const kindAccount = "waldur.account"

// accountState is where an account stands, in the vendor's words.
type accountState string

const (
	accountRequested         accountState = "Requested"
	accountCreating          accountState = "Creating"
	accountLinking           accountState = "Pending account linking"
	accountValidating        accountState = "Pending additional validation"
	accountOK                accountState = "OK"
	accountDeletionRequested accountState = "Requested deletion"
	accountDeleting          accountState = "Deleting"
	accountDeleted           accountState = "Deleted"
	accountErrorCreating     accountState = "Error creating"
	accountErrorDeleting     accountState = "Error deleting"
)

var accountStates = []accountState{accountRequested, accountCreating, accountLinking, accountValidating, accountOK,
	accountDeletionRequested, accountDeleting, accountDeleted, accountErrorCreating, accountErrorDeleting}

// accountRuntime is what the vendor shows beside the state, of the states that have such a word.
var accountRuntime = map[accountState]string{
	accountOK: "Active", accountLinking: string(accountLinking), accountValidating: string(accountValidating),
}

// accountMove is one way from state to state that a provider may ask for.
type accountMove struct {
	act     string
	from    []accountState
	to      accountState
	comment bool // the provider says why
}

// accountMoves are all there are; what leads an account on beside them is a username,
// which makes one that is being created OK, and the accounts' keeper.
var accountMoves = []accountMove{
	{"begin_creating", []accountState{accountRequested, accountErrorCreating}, accountCreating, false},
	{"set_pending_account_linking", []accountState{accountCreating, accountErrorCreating, accountValidating}, accountLinking, true},
	{"set_pending_additional_validation", []accountState{accountCreating, accountErrorCreating, accountLinking}, accountValidating, true},
	{"set_validation_complete", []accountState{accountLinking, accountValidating}, accountOK, false},
	{"set_ok", []accountState{accountOK, accountRequested, accountCreating, accountLinking, accountValidating, accountErrorCreating}, accountOK, false},
	{"set_error_creating", []accountState{accountRequested, accountCreating, accountLinking, accountValidating}, accountErrorCreating, false},
	{"request_deletion", []accountState{accountOK}, accountDeletionRequested, false},
	{"set_deleting", []accountState{accountDeletionRequested, accountErrorDeleting}, accountDeleting, false},
	{"set_deleted", []accountState{accountDeleting}, accountDeleted, false},
	{"set_error_deleting", []accountState{accountDeletionRequested, accountDeleting}, accountErrorDeleting, false},
}

// deletionMoves are refused with 409 where the account became OK again meanwhile.
var deletionMoves = []accountState{accountDeleting, accountDeleted, accountErrorDeleting}

// beingCreated are the states that a username ends.
var beingCreated = []accountState{accountRequested, accountCreating, accountLinking, accountValidating, accountErrorCreating}

// account is one user's account in one offering.
type account struct {
	doc core.Document
	accountBody
}

// accountBody is what is kept of it.
type accountBody struct {
	Offering   id.ID  `json:"offering"`
	User       id.ID  `json:"user"`
	Username   string `json:"username,omitempty"`
	Comment    string `json:"comment,omitempty"`
	CommentURL string `json:"comment_url,omitempty"`
	Restricted bool   `json:"restricted,omitempty"`
	// Held: its user has use of the offering's resources, so that the account is asked to be
	// deleted when the user's last role there ends. One that a provider made for somebody
	// without a role is not held.
	Held     bool      `json:"held,omitempty"`
	Modified time.Time `json:"modified"`
}

func (a account) state() accountState { return accountState(a.doc.State) }

// shown is the name under which the team is told of it: none once it is deleted.
func (a account) shown() string {
	if a.state() == accountDeleted {
		return ""
	}
	return a.Username
}

func accountOf(d core.Document) account { return account{d, attrs[accountBody](d.Body)} }

// pack writes the account back into its document, which is found by its username.
func (a account) pack() core.Document {
	a.doc.Alias = a.Username
	a.doc.Body, _ = json.Marshal(a.accountBody) // numbers, texts and truth values
	return a.doc
}

// set moves the account to a state and forgets what was said about the last one.
func (a *account) set(s accountState) {
	a.doc.State, a.Comment, a.CommentURL = string(s), "", ""
}

// name gives it a username: what is being created is OK with it.
func (a *account) name(username string) {
	a.Username = username
	if username != "" && slices.Contains(beingCreated, a.state()) {
		a.set(accountOK)
	}
}

// accountKey is the natural key of a user's account in an offering.
func accountKey(provider tenant.Provider, offering, user id.ID) core.DocumentKey {
	return core.DocumentKey{Kind: kindAccount, Customer: provider.Customer, Name: offering.Base36() + "/" + user.Base36(), Beside: offering}
}

// accountOptions is what an offering's plugin options say of accounts.
type accountOptions struct {
	Allowed      bool   `json:"service_provider_can_create_offering_user"`
	AutoDeletion *bool  `json:"offering_user_auto_deletion"`
	Policy       string `json:"username_generation_policy"`
	Prefix       string `json:"username_anonymized_prefix"`
	SyncStatuses bool   `json:"enable_membership_sync_status"`
}

func accountOptionsOf(o catalog.Offering) accountOptions {
	return attrs[accountOptions](particularsOf(o).PluginOptions)
}

// accountTypes are the types of offerings whose accounts are made by themselves.
var accountTypes = []string{"Marketplace.Basic", "Marketplace.Slurm", "Marketplace.Script"}

// keepsAccounts reports whether an offering's accounts are made by themselves.
func keepsAccounts(o catalog.Offering) bool {
	return accountOptionsOf(o).Allowed && slices.Contains(accountTypes, offeringType(o))
}

// naming makes usernames by an offering's policy; "" leaves it to the provider.
type naming func(o accountOptions, u tenant.User, taken taken) string

// taken reports whether another account of the offering has a username.
type taken func(username string) bool

// namings are the policies that the desk can follow by itself. What comes from a directory
// or from an identity provider's claim is the provider's to fill in, unless the user's
// attributes have it.
var namings = map[string]naming{
	"":                 noName,
	"service_provider": noName,
	"waldur_username":  func(_ accountOptions, u tenant.User, _ taken) string { return u.Login },
	"freeipa": func(_ accountOptions, u tenant.User, _ taken) string {
		return attrs[directory](u.Attrs).FreeIPA
	},
	"identity_claim": func(_ accountOptions, u tenant.User, _ taken) string {
		return attrs[directory](u.Attrs).Claim
	},
	"anonymized": func(o accountOptions, _ tenant.User, taken taken) string {
		return numbered(orElse(o.Prefix, "waldur_"), 5, taken)
	},
	"full_name": func(_ accountOptions, u tenant.User, taken taken) string {
		return numbered(strings.ReplaceAll(orElse(slugOf(u.FullName), slugOf(u.Login)), "-", "_")+"_", 2, taken)
	},
}

func noName(accountOptions, tenant.User, taken) string { return "" }

// directory is what a user's attributes may say of usernames elsewhere.
type directory struct {
	FreeIPA string `json:"freeipa_username"`
	Claim   string `json:"identity_claim_username"`
}

// mostUsername is the longest username there is, in characters.
const mostUsername = 100

// cut keeps no more than so many characters of a text.
func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:max(most, 0)])
	}
	return s
}

// numbered is a prefix with the number behind those that are taken, of at least so many digits.
// The prefix gives way where they would be too long together. Thousands may be taken: it doubles
// until it comes to a free number, and halves from there; a gap among them may be filled.
func numbered(prefix string, digits int, taken taken) string {
	spell := func(n int) string {
		number := fmt.Sprintf("%0*d", digits, n)
		return cut(prefix, mostUsername-len(number)) + number
	}
	used, free := -1, 0
	for taken(spell(free)) {
		used, free = free, 2*free+1
	}
	for free-used > 1 {
		if n := (used + free) / 2; taken(spell(n)) {
			used = n
		} else {
			free = n
		}
	}
	return spell(free)
}
