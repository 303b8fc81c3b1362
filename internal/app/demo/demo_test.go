package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/app"
)

func config(t *testing.T, dir string) app.Config {
	t.Helper()
	cfg, err := app.Load(dir, map[string]string{"http": "127.0.0.1:0", "https": "127.0.0.1:0"}, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	cfg.Log = slog.New(slog.DiscardHandler)
	return cfg
}

// said collects what a demo prints, and can be read while it does.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func exit(t *testing.T, dir string) string {
	t.Helper()
	var out said
	if err := Run(t.Context(), config(t, dir), Options{Exit: true, Out: &out}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	return out.String()
}

// keys are those that the demo's page promises to scripts.
var keys = strings.Fields(`DOCKET_URL DOCKET_HTTPS_URL DOCKET_CA_FILE DOCKET_TOKEN MAXAR_ARD_HOSTNAME ARD_USERNAME ARD_PASSWORD REQUESTS_CA_BUNDLE
	ARD_ACCOUNT_ID ARD_BUCKET DOCKET_BUCKETS_DIR ARD_CAROL_USERNAME ARD_CAROL_PASSWORD ARD_BOB_USERNAME ARD_BOB_PASSWORD AWS_ENDPOINT_URL_OUTPOSTS
	AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_DEFAULT_REGION AWS_REGION BOB_AWS_ACCESS_KEY_ID BOB_AWS_SECRET_ACCESS_KEY READONLY_AWS_ACCESS_KEY_ID
	READONLY_AWS_SECRET_ACCESS_KEY MODELARTS_ENDPOINT HUAWEICLOUD_SDK_AK HUAWEICLOUD_SDK_SK HUAWEICLOUD_SDK_PROJECT_ID HW_AUTH_URL HW_REGION_NAME
	HW_DOMAIN_NAME HW_USER_NAME HW_USER_PASSWORD HW_PROJECT_NAME BOB_HUAWEICLOUD_SDK_AK BOB_HUAWEICLOUD_SDK_SK BOB_HUAWEICLOUD_SDK_PROJECT_ID
	WALDUR_URL WALDUR_API_URL WALDUR_TOKEN WALDUR_CAROL_TOKEN WALDUR_PROVIDER_TOKEN WALDUR_STAFF_TOKEN WALDUR_BOB_TOKEN WALDUR_CUSTOMER_UUID
	WALDUR_PROJECT_UUID WALDUR_PROVIDER_UUID WALDUR_PROVIDER_CUSTOMER_UUID WALDUR_OFFERING_UUID WALDUR_PLAN_UUID WALDUR_BASIC_OFFERING_UUID WALDUR_BASIC_PLAN_UUID`)

func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, jsonName))
	if err != nil {
		t.Fatal(err)
	}
	var flat map[string]string
	if err := json.Unmarshal(b, &flat); err != nil {
		t.Fatal(err)
	}
	return flat
}

var row = regexp.MustCompile(`(?m)^(ard|outposts|modelarts|waldur) +(\S+) +done +(\S+) USD +(\S+) +0\.00$`)

func TestFourOrdersGoToTheirEndsAndAreFoundAgain(t *testing.T) {
	dir := t.TempDir()
	first := exit(t, dir)
	rows := row.FindAllStringSubmatch(first, -1)
	if len(rows) != 4 {
		t.Fatalf("%d orders are done and charged what was held:\n%s", len(rows), first)
	}
	for _, r := range rows {
		if r[3] != r[4] {
			t.Errorf("%s held %s and captured %s", r[1], r[3], r[4])
		}
	}
	secrets := read(t, dir)
	if !slices.Equal(slices.Sorted(maps.Keys(secrets)), slices.Sorted(slices.Values(keys))) {
		t.Errorf("demo.json has %v", slices.Sorted(maps.Keys(secrets)))
	}
	second := exit(t, dir)
	if strings.Contains(second, "placed order") {
		t.Errorf("the second run placed orders anew:\n%s", second)
	}
	if again := row.FindAllStringSubmatch(second, -1); !slices.EqualFunc(rows, again, slices.Equal) {
		t.Errorf("the second run tells\n%v\nand the first told\n%v", again, rows)
	}
	for name, v := range read(t, dir) {
		if v != secrets[name] && !strings.Contains(v, "127.0.0.1") {
			t.Errorf("%s was another in the first run", name)
		}
	}
}

func TestTheFilesAreForTheOwnerAloneAndCanBeSourced(t *testing.T) {
	dir := t.TempDir()
	var out said
	if err := Run(t.Context(), config(t, dir), Options{Exit: true, NoOrders: true, Out: &out}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "placed order") {
		t.Errorf("orders were placed:\n%s", out.String())
	}
	flat := read(t, dir)
	b, err := os.ReadFile(filepath.Join(dir, envName))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range keys {
		if flat[name] == "" || !strings.Contains("\n"+string(b), "\n"+name+"='"+flat[name]+"'\n") {
			t.Errorf("%s is %q in one file and not in the other", name, flat[name])
		}
	}
	for _, name := range []string{envName, jsonName, "master.key"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// until waits for a word in what a demo prints.
func until(t *testing.T, out *said, word string, done <-chan error) {
	t.Helper()
	late := time.After(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(out.String(), word) {
		select {
		case err := <-done:
			t.Fatalf("ended before %q: %v\n%s", word, err, out.String())
		case <-late:
			t.Fatalf("no %q within a minute:\n%s", word, out.String())
		case <-tick.C:
		}
	}
}

func TestADemoThatIsEndedInTheMiddleGoesOnAtTheNextStart(t *testing.T) {
	dir := t.TempDir()
	for _, word := range []string{"answers at", " order ", "outposts: order"} {
		ctx, cancel := context.WithCancel(t.Context())
		var out said
		done := make(chan error, 1)
		go func() { done <- Run(ctx, config(t, dir), Options{Out: &out}) }()
		until(t, &out, word, done)
		cancel()
		began := time.Now()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("asked to end after %q, it ended with %v", word, err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %s to end", took)
		}
	}
	last := exit(t, dir)
	if rows := row.FindAllStringSubmatch(last, -1); len(rows) != 4 {
		t.Errorf("after three ends in the middle:\n%s", last)
	}
	d, err := app.Open(t.Context(), config(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	report, err := d.Client().Verify(t.Context())
	if err != nil || len(report.Disagrees) > 0 || report.Orders != 4 {
		t.Errorf("the books tell of %d orders, %v, %v", report.Orders, report.Disagrees, err)
	}
}

func TestASecondDemoOverTheSameFolderLeavesTheFirstOnesFiles(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out said
	done := make(chan error, 1)
	go func() { done <- Run(ctx, config(t, dir), Options{NoOrders: true, Out: &out}) }()
	until(t, &out, "answers at", done)
	before := read(t, dir)
	if err := Run(t.Context(), config(t, dir), Options{Exit: true, Out: &said{}}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("the second demo ended with %v", err)
	}
	if after := read(t, dir); !maps.Equal(before, after) {
		t.Errorf("demo.json was %v and is %v", before, after)
	}
	if _, err := os.Stat(filepath.Join(dir, envName)); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
