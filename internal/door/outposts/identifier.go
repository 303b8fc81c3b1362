package outposts

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// How ids of each kind are spelled: a prefix and 17 hex digits.
const (
	orderPrefix   = "oo-"
	linePrefix    = "ooi-"
	outpostPrefix = "op-"
	sitePrefix    = "os-"
	hostPrefix    = "h-"
)

// Kinds of this door's documents.
const (
	kindSite    = "outposts.site"
	kindOutpost = "outposts.outpost"
)

// identifier is an id or an ARN as it came. An ARN names a region and an account besides,
// which must be those of the record.
type identifier struct {
	spelled                    string
	id                         id.ID
	partition, region, account string // "" where the id came alone
}

var arn = regexp.MustCompile(`^(?:arn:(aws[a-z-]*):outposts:([a-z\d-]+):(\d{12}):[a-z\d-]+/)?([a-z]+-)[a-f0-9]{17}$`)

// parse reads what has met its pattern. What spells no id of ours names nothing: id 0.
func parse(s string) identifier {
	out := identifier{spelled: s}
	m := arn.FindStringSubmatch(s)
	if m == nil {
		return out
	}
	out.partition, out.region, out.account = m[1], m[2], m[3]
	if i, err := id.ParseHex17(m[4], s[strings.LastIndex(s, "/")+1:]); err == nil {
		out.id = i
	}
	return out
}

// names reports whether the identifier is one of a record made in a region for an account.
func (i identifier) names(region, account string) bool {
	return i.account == "" || (i.partition == partition(region) && i.region == region && i.account == account)
}

// spellARN is the long form of an id.
func spellARN(region, account, kind, id string) string {
	return "arn:" + partition(region) + ":outposts:" + region + ":" + account + ":" + kind + "/" + id
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// fallbackRegion is for a scope that names none an ARN could hold.
const fallbackRegion = "us-east-1"

var credential = regexp.MustCompile(`Credential=[^/,\s]+/\d{8}/([a-z\d-]{1,40})/`)

// regionOf is the region that the request was signed for.
func regionOf(r *http.Request) string {
	if m := credential.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		return m[1]
	}
	return fallbackRegion
}

// idemKey makes a POST safe to repeat: SDKs send one invocation id with every attempt of
// a call. nil where the client sends none.
func idemKey(r *http.Request, body []byte) *core.IdemKey {
	key := r.Header.Get("Amz-Sdk-Invocation-Id")
	if key == "" {
		return nil
	}
	canonical := append([]byte(r.Method+" "+r.URL.EscapedPath()+"\n"), body...)
	return &core.IdemKey{Key: key, Body: canonical, Window: idemWindow}
}
