package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// endWithin bounds the four orders of the demo; a newcomer is promised the table within a minute.
const endWithin = 60 * time.Second

// orderIDs matches the four spellings of an order's id that the demo's table
// shows, in the order ard, outposts, modelarts, waldur.
var orderIDs = []*regexp.Regexp{
	regexp.MustCompile(`\b[1-9]\d{14,18}\b`),
	regexp.MustCompile(`\boo-[0-9a-f]{17}\b`),
	regexp.MustCompile(`\border\.[a-z0-9.-]+-[0-9a-z]{6,12}\b`),
	regexp.MustCompile(`\b[0-9a-f]{12}8[0-9a-f]{3}[89ab][0-9a-f]{15}\b`),
}

// told returns the different ids that a demo printed, by spelling.
func told(out string) [][]string {
	ids := make([][]string, len(orderIDs))
	for i, spelt := range orderIDs {
		found := spelt.FindAllString(out, -1)
		slices.Sort(found)
		ids[i] = slices.Compact(found)
	}
	return ids
}

// demoToItsEnd runs the demo with its four orders until it ends by itself.
func demoToItsEnd(t *testing.T, dir string) *run {
	t.Helper()
	r := launch(t, "demo", "--data", dir, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--exit")
	if code := r.wait(t, endWithin); code != 0 {
		t.Fatalf("demo --exit ended with %d\n%s", code, tail(r.out.String()))
	}
	return r
}

// ordersAtRest asks the desk at rest which orders it holds.
func ordersAtRest(t *testing.T, dir string) []map[string]any {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return decode[[]map[string]any](t, command(t, nil, path, "order", "list", "--data", dir, "--json"))
}

func verifyAtRest(t *testing.T, dir string) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	command(t, nil, path, "verify", "--data", dir)
}

// fourDone fails unless the folder holds the demo's four orders, each at its end.
func fourDone(t *testing.T, dir string) {
	t.Helper()
	orders := ordersAtRest(t, dir)
	if len(orders) != 4 {
		t.Fatalf("%d orders in the folder, want the demo's four: %v", len(orders), orders)
	}
	for _, o := range orders {
		if o["state"] != "done" {
			t.Errorf("an order ended as %v: %v", o["state"], o)
		}
	}
	verifyAtRest(t, dir)
}

func TestTheDemoPlacesOneOrderThroughEachDoorAndEnds(t *testing.T) {
	needsClients(t)
	dir := folder(t)
	first := demoToItsEnd(t, dir).out.String()
	for _, door := range []string{"ard", "outposts", "modelarts", "waldur"} {
		if !strings.Contains(strings.ToLower(first), door) {
			t.Errorf("the table does not name the door %s:\n%s", door, first)
		}
	}
	ids := told(first)
	for i, found := range ids {
		if len(found) != 4 {
			t.Errorf("%d different ids like %s, want each of the four orders by that door's spelling: %v\n%s", len(found), orderIDs[i], found, first)
		}
	}
	fourDone(t, dir)

	again := demoToItsEnd(t, dir).out.String()
	for i, found := range told(again) {
		if !slices.Equal(found, ids[i]) {
			t.Errorf("started again over the same data it shows %v, not %v", found, ids[i])
		}
	}
	fourDone(t, dir)
}

// A power cut may come at any line of the demo's progress.
func TestADemoKilledAnywhereGoesOnAndEnds(t *testing.T) {
	needsClients(t)
	dir := folder(t)
	for lines := 1; lines <= 13; lines += 3 {
		killAfter(t, lines, "demo", "--data", dir, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0")
	}
	demoToItsEnd(t, dir)
	fourDone(t, dir)
}

// killAfter lets docket say so many lines, or all that it has to say, and kills it.
func killAfter(t *testing.T, lines int, args ...string) {
	t.Helper()
	r := launch(t, args...)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	quiet := time.After(8 * time.Second)
	for strings.Count(r.out.String(), "\n") < lines {
		select {
		case <-tick.C:
		case <-quiet:
			r.kill(t)
			return
		case <-r.done:
			t.Fatalf("the demo ended by itself: %v\n%s", r.err, tail(r.out.String()))
		}
	}
	r.kill(t)
}

func TestTheDemoServesUntilItIsToldToEnd(t *testing.T) {
	needsClients(t)
	dir := folder(t)
	d := open(t, dir)
	for _, name := range []string{"demo.env", "demo.json"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", name, info.Mode().Perm())
		}
	}
	env, err := os.ReadFile(filepath.Join(dir, "demo.env"))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range d.keys {
		if !strings.Contains(string(env), name+"='"+value+"'\n") {
			t.Errorf("demo.env does not say %s='%s'", name, value)
		}
	}
	d.until(t, "the four orders' table", endWithin, func() bool {
		for _, found := range told(d.out.String()) {
			if len(found) < 4 {
				return false
			}
		}
		return true
	})
	d.verified(t)
	d.stop(t)
	if _, said, _ := strings.Cut(d.out.String(), "panic"); said != "" {
		t.Errorf("it panicked:\n%s", tail(d.out.String()))
	}
	fourDone(t, dir)
}

// keysOfTheDemo are those that demo.md promises to scripts.
var keysOfTheDemo = strings.Fields(`
	DOCKET_URL DOCKET_HTTPS_URL DOCKET_CA_FILE DOCKET_TOKEN
	MAXAR_ARD_HOSTNAME ARD_USERNAME ARD_PASSWORD REQUESTS_CA_BUNDLE ARD_ACCOUNT_ID ARD_BUCKET DOCKET_BUCKETS_DIR
	ARD_CAROL_USERNAME ARD_CAROL_PASSWORD ARD_BOB_USERNAME ARD_BOB_PASSWORD
	AWS_ENDPOINT_URL_OUTPOSTS AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_DEFAULT_REGION AWS_REGION
	BOB_AWS_ACCESS_KEY_ID BOB_AWS_SECRET_ACCESS_KEY READONLY_AWS_ACCESS_KEY_ID READONLY_AWS_SECRET_ACCESS_KEY
	MODELARTS_ENDPOINT HUAWEICLOUD_SDK_AK HUAWEICLOUD_SDK_SK HUAWEICLOUD_SDK_PROJECT_ID
	HW_AUTH_URL HW_REGION_NAME HW_DOMAIN_NAME HW_USER_NAME HW_USER_PASSWORD HW_PROJECT_NAME
	BOB_HUAWEICLOUD_SDK_AK BOB_HUAWEICLOUD_SDK_SK BOB_HUAWEICLOUD_SDK_PROJECT_ID
	WALDUR_URL WALDUR_API_URL WALDUR_TOKEN WALDUR_CAROL_TOKEN WALDUR_PROVIDER_TOKEN WALDUR_STAFF_TOKEN WALDUR_BOB_TOKEN
	WALDUR_CUSTOMER_UUID WALDUR_PROJECT_UUID WALDUR_PROVIDER_UUID WALDUR_PROVIDER_CUSTOMER_UUID WALDUR_OFFERING_UUID
	WALDUR_PLAN_UUID WALDUR_BASIC_OFFERING_UUID WALDUR_BASIC_PLAN_UUID`)

func TestTheWorldsKeysAreThoseThatScriptsRelyOnAndSurviveARestart(t *testing.T) {
	needsClients(t)
	dir := folder(t)
	d := open(t, dir, "--no-orders")
	for _, name := range keysOfTheDemo {
		if d.keys[name] == "" {
			t.Errorf("demo.json has no %s", name)
		}
	}
	d.stop(t)
	again := open(t, dir, "--no-orders")
	for _, name := range keysOfTheDemo {
		ported := strings.Contains(d.keys[name], "127.0.0.1:")
		if !ported && again.keys[name] != d.keys[name] {
			t.Errorf("after a restart %s is another one", name)
		}
	}
	again.stop(t)
	if orders := ordersAtRest(t, dir); len(orders) != 0 {
		t.Errorf("--no-orders left %v", orders)
	}
}
