package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// Each client gets a desk of its own, so that no test's orders eat into the
// limits that another one's expectations stand on.
func TestTheVendorsOwnClients(t *testing.T) {
	needsClients(t)
	for client, does := range map[string]string{
		"ard":    "max-ard selects, orders and reads its delivery",
		"aws":    "boto3 orders hardware for a site",
		"huawei": "the Huawei SDK makes, changes and deletes pools",
		"waldur": "waldur-api-client orders, approves and reports usage",
	} {
		t.Run(does, func(t *testing.T) {
			d := empty(t)
			dir := filepath.Join(root, "e2e", "clients", client)
			said := d.python(t, client, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", dir, "--tb=short", "-rA", "-q", dir)
			if strings.Contains(said, " skipped") {
				t.Errorf("a test passed itself over:\n%s", tail(said))
			}
			t.Log(lastLine(said))
			d.verified(t)
			d.stop(t)
		})
	}
}

// lastLine is pytest's count of what ran.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// verified recomputes every balance of the desk from its entries.
func (d *desk) verified(t *testing.T) {
	t.Helper()
	d.docket(t, "verify", "--data", d.dir)
}
