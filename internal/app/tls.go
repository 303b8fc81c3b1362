package app

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/docket-desk/docket/internal/fault"
	"github.com/docket-desk/docket/internal/flock"
)

// How long the desk's own certificates are good for, and how early they are made anew.
const (
	caFor     = 10 * 365 * 24 * time.Hour
	certFor   = 397 * 24 * time.Hour // the longest that clients take
	caEarly   = 400 * 24 * time.Hour // a CA outlives what it signs
	certEarly = 30 * 24 * time.Hour
)

// certificates gives the https port its certificate: the one that files hold, or one of
// the desk's own CA in the data directory, made anew when it is about to end or the
// address changed.
type certificates struct {
	dir   string
	names []string // host names and addresses that it must be good for
	now   func() time.Time

	mu  sync.Mutex
	own *tls.Certificate
}

func (c *Config) tls(addr net.Addr) (*tls.Config, error) {
	base := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.CertKey)
		if err != nil {
			return nil, fmt.Errorf("the certificate of the https port: %w", err)
		}
		base.Certificates = []tls.Certificate{pair}
		return base, nil
	}
	own := &certificates{dir: filepath.Dir(c.CAFile()), names: c.hosts(addr), now: time.Now}
	if _, err := own.current(); err != nil {
		return nil, fmt.Errorf("the desk's own certificate: %w", err)
	}
	base.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return own.current() }
	return base, nil
}

// hosts are what clients may call this machine.
func (c *Config) hosts(addr net.Addr) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	add := func(n string) {
		if n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	if host, err := os.Hostname(); err == nil {
		add(host)
	}
	if tcp, ok := addr.(*net.TCPAddr); ok && !tcp.IP.IsUnspecified() {
		add(tcp.IP.String())
	} else if all, err := net.InterfaceAddrs(); err == nil {
		for _, a := range all {
			if n, ok := a.(*net.IPNet); ok && !n.IP.IsLinkLocalUnicast() {
				add(n.IP.String())
			}
		}
	}
	if host, _, err := net.SplitHostPort(c.HTTPS); err == nil && net.ParseIP(host) == nil {
		add(host)
	}
	if u, err := url.Parse(c.Public); err == nil {
		add(u.Hostname())
	}
	return names
}

// current returns the certificate to show now.
func (c *certificates) current() (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.own != nil && c.good(c.own.Leaf) {
		return c.own, nil
	}
	// Several processes may start in one folder at once: the first makes what the others
	// then find. A key of one with the certificate of another would be neither's.
	lock, err := c.alone()
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	ca, err := c.authority()
	if err != nil {
		return nil, err
	}
	if kept, err := load(c.file("server")); err == nil && c.good(kept.Leaf) && kept.Leaf.CheckSignatureFrom(ca.Leaf) == nil {
		c.own = kept
		return kept, nil
	}
	made, err := c.make("server", &x509.Certificate{Subject: pkix.Name{CommonName: c.names[len(c.names)-1]}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, certFor, ca)
	if err != nil {
		return nil, err
	}
	c.own = made
	return made, nil
}

// alone waits until no other process makes certificates here; closing it lets the next.
func (c *certificates) alone() (*os.File, error) {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(c.file("lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := flock.Wait(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (c *certificates) good(cert *x509.Certificate) bool {
	if c.now().Add(certEarly).After(cert.NotAfter) || c.now().Before(cert.NotBefore) {
		return false
	}
	return !slices.ContainsFunc(c.names, func(n string) bool { return cert.VerifyHostname(n) != nil })
}

// authority returns the desk's CA. It is kept as long as it can be: clients trust it by file.
func (c *certificates) authority() (*tls.Certificate, error) {
	kept, err := load(c.file("ca"))
	if err == nil && c.now().Add(caEarly).Before(kept.Leaf.NotAfter) {
		return kept, nil
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, err
	}
	// None yet, near its end, or left half made by a process that was killed.
	return c.make("ca", &x509.Certificate{Subject: pkix.Name{Organization: []string{"Docket"}, CommonName: "Docket desk " + c.now().UTC().Format(time.DateOnly)}, IsCA: true,
		BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature}, caFor, nil)
}

func (c *certificates) file(name string) string { return filepath.Join(c.dir, name) }

// make makes a key and a certificate, signed by ca or by itself, and keeps them.
func (c *certificates) make(name string, t *x509.Certificate, lasts time.Duration, ca *tls.Certificate) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if t.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, err
	}
	t.NotBefore, t.NotAfter = c.now().Add(-time.Hour), c.now().Add(lasts)
	parent, signer := t, crypto.Signer(key)
	if ca != nil {
		parent, signer = ca.Leaf, ca.PrivateKey.(crypto.Signer)
		for _, n := range c.names {
			if ip := net.ParseIP(n); ip != nil {
				t.IPAddresses = append(t.IPAddresses, ip)
			} else {
				t.DNSNames = append(t.DNSNames, n)
			}
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	// The key first: a certificate without its key would be taken for one that is whole.
	if err := WriteFile(c.file(name)+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600); err != nil {
		return nil, err
	}
	if err := WriteFile(c.file(name)+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		return nil, err
	}
	return load(c.file(name))
}

func load(name string) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(name+".pem", name+".key")
	if err != nil {
		return nil, err
	}
	if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
		return nil, err
	}
	return &pair, nil
}

// WriteFile writes a file whole or not at all.
func WriteFile(name string, content []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = fault.At(fault.RenameBefore)
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return fault.At(fault.RenameAfter)
}
