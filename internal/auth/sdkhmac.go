package auth

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/tenant"
)

const (
	algorithmSDK = "SDK-HMAC-SHA256"
	dateSDK      = "X-Sdk-Date"
	contentSDK   = "X-Sdk-Content-Sha256"
	tokenSDK     = "X-Security-Token"
	unsigned     = "UNSIGNED-PAYLOAD"
)

// SDKHMAC takes requests signed by Huawei Cloud's SDK-HMAC-SHA256 with an access key pair.
// Clients differ in which headers they sign; only X-Sdk-Date must be among them.
type SDKHMAC struct {
	Core   Keys
	Window time.Duration    // how far a request's clock may be off; 0: 15 minutes
	Now    func() time.Time // true time; nil: time.Now
}

// Authenticate implements front.Scheme.
func (s SDKHMAC) Authenticate(r *http.Request) (core.Actor, error) {
	word, rest := credentials(r)
	if word != algorithmSDK {
		return core.Actor{}, core.ErrAbsent
	}
	f := fields(rest)
	names, ok := signedNames(f["SignedHeaders"])
	if !ok || f["Access"] == "" || !wholeSignature(f["Signature"]) || !slices.Contains(names, strings.ToLower(dateSDK)) {
		return core.Actor{}, refuse(ReasonMalformed, "Incorrect IAM authentication information: Authorization format is incorrect.")
	}
	at, err := time.Parse(stamp, r.Header.Get(dateSDK))
	if err != nil {
		return core.Actor{}, refuse(ReasonMalformed, "Incorrect IAM authentication information: x-sdk-date format is incorrect.")
	}
	now, allowed := clock(s.Now), window(s.Window)
	if at.Before(now.Add(-allowed)) || at.After(now.Add(allowed)) {
		return core.Actor{}, refuse(ReasonSkew, "Incorrect IAM authentication information: signature expired, signature time:%s,server time:%s.", at.Format(stamp), now.Format(stamp))
	}
	unknown := refuse(ReasonUnknownKey, "Incorrect IAM authentication information: get secretKey by accessKey fail.")
	i, err := tenant.ParseAccessKey(f["Access"])
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
	if err := s.verify(r, names, f["Signature"], h.Key); err != nil {
		return core.Actor{}, err
	}
	switch {
	case fate != nil && fate.Reason == core.ReasonExpired:
		return core.Actor{}, refuse(core.ReasonExpired, "Incorrect IAM authentication information: access key has expired.")
	case fate != nil:
		return core.Actor{}, unknown
	case r.Header.Get(tokenSDK) != "":
		return core.Actor{}, refuse(ReasonSession, "Incorrect IAM authentication information: decrypt token fail.")
	}
	return h.Actor, touched(r.Context(), s.Core, h.Key)
}

func (s SDKHMAC) verify(r *http.Request, names []string, signature string, k tenant.Key) error {
	mismatch := refuse(ReasonSignature, "Incorrect IAM authentication information: verify aksk signature fail.")
	b, err := body(r)
	if err != nil {
		return err
	}
	secret, err := s.Core.Secret(k)
	if err != nil {
		return err
	}
	for _, hash := range hashesSDK(r, b) {
		canonical, ok := canonicalSDK(r, names, hash)
		if !ok {
			return mismatch
		}
		if same(signature, signatureSDK(secret, r.Header.Get(dateSDK), canonical)) {
			return nil
		}
	}
	return mismatch
}

// hashesSDK lists what may stand for the body: its true hash; or that it is not signed,
// which SDKs do where the body is no JSON, and which some of them forget where there is no
// body at all. A hash that is not the body's is never believed.
func hashesSDK(r *http.Request, b []byte) []string {
	if r.Header.Get(contentSDK) != unsigned {
		if sent := r.Header.Get(contentSDK); sent != "" && sent != digest(b) {
			return nil
		}
		return []string{digest(b)}
	}
	if len(b) > 0 {
		return []string{unsigned}
	}
	return []string{unsigned, digest(b)}
}

func signatureSDK(secret, date, canonical string) []byte {
	return mac([]byte(secret), algorithmSDK+"\n"+date+"\n"+digest([]byte(canonical)))
}

// canonicalSDK spells a request as it is signed: the decoded path encoded once, with a
// slash at its end; the query sorted before encoding; the headers named.
func canonicalSDK(r *http.Request, names []string, hash string) (string, bool) {
	path, query := rawTarget(r)
	list, ok := pairs(query)
	if !ok {
		return "", false
	}
	path, err := url.PathUnescape(path)
	if err != nil {
		return "", false
	}
	path = encode(path, "/")
	if !strings.HasSuffix(path, "/") {
		path += "/"
	}
	var b strings.Builder
	b.WriteString(r.Method + "\n" + path + "\n" + joined(encoded(sorted(list))) + "\n")
	for _, name := range names {
		values := slices.Clone(header(r, name))
		slices.Sort(values)
		if len(values) == 0 {
			values = []string{""}
		}
		for _, v := range values {
			b.WriteString(name + ":" + strings.TrimSpace(v) + "\n")
		}
	}
	b.WriteString("\n" + strings.Join(names, ";") + "\n" + hash)
	return b.String(), true
}

// SignSDK signs a request as Huawei's clients do, for the demo's own orders and for tests.
// Set its headers first; at goes into X-Sdk-Date.
func SignSDK(r *http.Request, with Credentials, at time.Time) error {
	b, err := body(r)
	if err != nil {
		return err
	}
	date := at.UTC().Format(stamp)
	r.Header.Set(dateSDK, date)
	r.Header.Del("Authorization")
	names := []string{"host", strings.ToLower(dateSDK)}
	for _, name := range []string{"content-type", "x-project-id"} {
		if r.Header.Get(name) != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	canonical, ok := canonicalSDK(r, names, digest(b))
	if !ok {
		return refuse(ReasonMalformed, "The path or the query is none: %s", r.URL)
	}
	r.Header.Set("Authorization", algorithmSDK+" Access="+with.Access+", SignedHeaders="+strings.Join(names, ";")+", Signature="+hex.EncodeToString(signatureSDK(with.Secret, date, canonical)))
	return nil
}
