package auth

import (
	"bytes"
	"context"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

const (
	algorithmV4 = "AWS4-HMAC-SHA256"
	dateV4      = "X-Amz-Date"
	tokenV4     = "X-Amz-Security-Token"
	contentV4   = "X-Amz-Content-Sha256"
	endV4       = "aws4_request"
)

// SigV4 takes requests signed by AWS Signature Version 4, in the header form, with an
// access key pair. It keeps signing keys, so use one for the life of a process, by pointer.
// Any region is taken; the answer does not depend on it.
type SigV4 struct {
	Core    Keys
	Service string        // "outposts": what the scope must name
	Window  time.Duration // how far a request's clock may be off; 0: 15 minutes
	// Now is true time, not the desk's clock: clients correct their own by the answer's
	// Date header. nil: time.Now.
	Now func() time.Time

	mu   sync.Mutex
	keys map[keyV4]signingV4
}

// keyV4 names a signing key, which is good for a day.
type keyV4 struct {
	pair   id.ID
	day    string
	region string
}

type signingV4 struct {
	sealed []byte // the pair's secret as it was kept then: another one makes another key
	key    []byte
}

// maxSigningKeys bounds the keys kept. Only a request that was signed well adds one.
const maxSigningKeys = 1024

// claimV4 is what an Authorization header claims.
type claimV4 struct {
	access, day, region, service string
	names                        []string // of the signed headers
	signature                    string
	at                           time.Time
	stamp                        string
}

func (c claimV4) scope() string { return c.day + "/" + c.region + "/" + c.service + "/" + endV4 }

// Authenticate implements front.Scheme.
func (s *SigV4) Authenticate(r *http.Request) (core.Actor, error) {
	word, rest := credentials(r)
	if word != algorithmV4 {
		return core.Actor{}, core.ErrAbsent
	}
	c, err := claimedV4(r, rest)
	if err != nil {
		return core.Actor{}, err
	}
	if err := s.inScope(c); err != nil {
		return core.Actor{}, err
	}
	unknown := refuse(ReasonUnknownKey, "The security token included in the request is invalid.")
	i, err := tenant.ParseAccessKey(c.access)
	if err != nil {
		return core.Actor{}, unknown
	}
	h, ok, fate, err := held(r.Context(), s.Core, i, tenant.Pair)
	if err != nil {
		return core.Actor{}, err
	}
	if !ok {
		return core.Actor{}, unknown
	}
	if err := s.verify(r, c, h.Key); err != nil {
		return core.Actor{}, err
	}
	switch {
	case fate != nil && fate.Reason == core.ReasonExpired:
		return core.Actor{}, refuse(core.ReasonExpired, "The security token included in the request is expired.")
	case fate != nil:
		return core.Actor{}, unknown
	case r.Header.Get(tokenV4) != "":
		return core.Actor{}, refuse(ReasonSession, "The security token included in the request is expired.")
	}
	return h.Actor, touched(r.Context(), s.Core, h.Key)
}

// claimedV4 reads what a request says of its signature.
func claimedV4(r *http.Request, rest string) (claimV4, error) {
	incomplete := func(what string) (claimV4, error) {
		return claimV4{}, refuse(ReasonMalformed, "Authorization header requires %s.", what)
	}
	f := fields(rest)
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if f[name] == "" {
			return incomplete("'" + name + "' parameter")
		}
	}
	scope := strings.Split(f["Credential"], "/")
	if len(scope) != 5 || slices.Contains(scope, "") || scope[4] != endV4 || len(scope[2]) > 64 {
		return incomplete("a Credential of the form <access key>/<yyyymmdd>/<region>/<service>/" + endV4)
	}
	c := claimV4{access: scope[0], day: scope[1], region: scope[2], service: scope[3], signature: f["Signature"]}
	var ok bool
	if c.names, ok = signedNames(f["SignedHeaders"]); !ok {
		return incomplete("'SignedHeaders' as lower-case names, each once, parted by semicolons")
	}
	if !wholeSignature(c.signature) {
		return incomplete("a 'Signature' of 64 hex digits")
	}
	need := []string{"host", strings.ToLower(dateV4)}
	if r.Header.Get(tokenV4) != "" {
		need = append(need, strings.ToLower(tokenV4))
	}
	for _, name := range need {
		if !slices.Contains(c.names, name) {
			return incomplete("'" + name + "' among the 'SignedHeaders'")
		}
	}
	var err error
	c.stamp = r.Header.Get(dateV4)
	if c.at, err = time.Parse(stamp, c.stamp); err != nil {
		return incomplete("an '" + dateV4 + "' header of the form yyyymmddThhmmssZ")
	}
	return c, nil
}

// inScope checks what a signature is for: this service, its own day, about now.
func (s *SigV4) inScope(c claimV4) error {
	if c.service != s.Service {
		return refuse(ReasonSignature, "Credential should be scoped to correct service: '%s'.", s.Service)
	}
	if !strings.HasPrefix(c.stamp, c.day+"T") {
		return refuse(ReasonSignature, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%.16s' != '%s'.", c.day, c.stamp[:8])
	}
	now, allowed := clock(s.Now), window(s.Window)
	minutes := int(allowed / time.Minute)
	if c.at.Before(now.Add(-allowed)) {
		return refuse(ReasonSkew, "Signature expired: %s is now earlier than %s (%s - %d min.)", c.stamp, now.Add(-allowed).Format(stamp), now.Format(stamp), minutes)
	}
	if c.at.After(now.Add(allowed)) {
		return refuse(ReasonSkew, "Signature not yet current: %s is still later than %s (%s + %d min.)", c.stamp, now.Add(allowed).Format(stamp), now.Format(stamp), minutes)
	}
	return nil
}

// verify checks the signature itself.
func (s *SigV4) verify(r *http.Request, c claimV4, k tenant.Key) error {
	mismatch := refuse(ReasonSignature, "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	b, err := body(r)
	if err != nil {
		return err
	}
	hash := digest(b)
	if sent := r.Header.Get(contentV4); sent != "" && sent != hash {
		return mismatch
	}
	request, ok := canonicalV4(r, c.names, hash)
	if !ok {
		return mismatch
	}
	name := keyV4{k.ID, c.day, c.region}
	s.mu.Lock()
	kept, hit := s.keys[name]
	s.mu.Unlock()
	if !hit || !bytes.Equal(kept.sealed, k.Secret) {
		secret, err := s.Core.Secret(k)
		if err != nil {
			return err
		}
		kept, hit = signingV4{k.Secret, signingKeyV4(secret, c.day, c.region, c.service)}, false
	}
	if !same(c.signature, mac(kept.key, toSignV4(c, request))) {
		return mismatch
	}
	if !hit {
		s.keep(name, kept)
	}
	return nil
}

func (s *SigV4) keep(name keyV4, key signingV4) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil || len(s.keys) >= maxSigningKeys {
		s.keys = map[keyV4]signingV4{} // making them anew is cheap, and most are of days gone by
	}
	s.keys[name] = key
}

func signingKeyV4(secret, day, region, service string) []byte {
	key := []byte("AWS4" + secret)
	for _, part := range []string{day, region, service, endV4} {
		key = mac(key, part)
	}
	return key
}

func toSignV4(c claimV4, canonical string) string {
	return algorithmV4 + "\n" + c.stamp + "\n" + c.scope() + "\n" + digest([]byte(canonical))
}

// canonicalV4 spells a request as it is signed: the path as received, encoded once more
// (only S3 does not), the query sorted after encoding, the headers named.
func canonicalV4(r *http.Request, names []string, hash string) (string, bool) {
	path, query := rawTarget(r)
	list, ok := pairs(query)
	if !ok {
		return "", false
	}
	var b strings.Builder
	b.WriteString(r.Method + "\n" + encode(path, "/") + "\n" + joined(sorted(encoded(list))) + "\n")
	for _, name := range names {
		b.WriteString(name + ":")
		for n, v := range header(r, name) {
			if n > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strings.Join(strings.Fields(v), " "))
		}
		b.WriteByte('\n')
	}
	b.WriteString("\n" + strings.Join(names, ";") + "\n" + hash)
	return b.String(), true
}

// Credentials are a pair as a client holds it, with where it signs for.
type Credentials struct {
	Access, Secret  string
	Region, Service string // of SignV4 alone
}

// SignV4 signs a request as AWS clients do, for the demo's own orders and for tests. Set
// its headers first; at goes into X-Amz-Date.
func SignV4(r *http.Request, with Credentials, at time.Time) error {
	b, err := body(r)
	if err != nil {
		return err
	}
	at = at.UTC()
	r.Header.Set(dateV4, at.Format(stamp))
	r.Header.Del("Authorization")
	names := []string{"host", strings.ToLower(dateV4)}
	for _, name := range []string{"content-type", strings.ToLower(contentV4), strings.ToLower(tokenV4)} {
		if r.Header.Get(name) != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	c := claimV4{access: with.Access, day: at.Format("20060102"), region: with.Region, service: with.Service, stamp: at.Format(stamp)}
	request, ok := canonicalV4(r, names, digest(b))
	if !ok {
		return refuse(ReasonMalformed, "The query is no query: %s", r.URL.RawQuery)
	}
	signature := mac(signingKeyV4(with.Secret, c.day, c.region, c.service), toSignV4(c, request))
	r.Header.Set("Authorization", algorithmV4+" Credential="+with.Access+"/"+c.scope()+", SignedHeaders="+strings.Join(names, ";")+", Signature="+hex.EncodeToString(signature))
	return nil
}

// touched moves a sliding key's end ahead. A desk that cannot write for now (its disk is
// full, say) still answers readers.
func touched(ctx context.Context, keys Keys, k tenant.Key) error {
	if err := keys.Touched(ctx, k); err != nil && core.KindOf(err) != core.Unavailable {
		return err
	}
	return nil
}
