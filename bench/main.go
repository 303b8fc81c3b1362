//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"syscall"
	"time"
)

// options are what may be chosen on the command line.
type options struct {
	run       *regexp.Regexp
	rounds    int
	short     bool
	rows      int
	customers int
	time      time.Duration // of one load
	data      string        // where desks are made
	docket    string        // the binary; "": built
	results   string        // folder
	docs      string        // a page to put the tables into
	profile   string        // folder
	keep      bool
}

func main() {
	if role := os.Getenv(roleVariable); role != "" {
		if err := play(context.Background(), role); err != nil {
			fmt.Fprintln(os.Stderr, "bench "+role+":", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	opt, err := parse(os.Args[1:])
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		os.Exit(2)
	}
	if err := measure(ctx, opt); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var opt options
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	run := fs.String("run", "", "only the steps and plots whose names match: place, most, post, get, list, start, allocations, postgres, clients, rows")
	fs.BoolVar(&opt.short, "short", false, "fewer rounds, shorter loads, a tenth of the orders: under three minutes")
	fs.IntVar(&opt.rounds, "rounds", 0, "rounds of each step, interleaved (default 5, short 2)")
	fs.IntVar(&opt.rows, "rows", 0, "orders stored on the largest desk: 10 times a power of ten (default 1000000, short 100000)")
	fs.DurationVar(&opt.time, "time", 0, "length of one load (default 2s, short 1s)")
	fs.StringVar(&opt.data, "data", "", "folder in which desks are made; one that lies on a disk (default .cache/bench)")
	fs.StringVar(&opt.docket, "docket", "", "the docket to serve with (default: it is built)")
	fs.StringVar(&opt.results, "results", ".cache/bench/results", "folder for the JSON and the plots; none: they are not kept")
	fs.StringVar(&opt.docs, "docs", "", "Markdown page to put the tables into, between its marks")
	fs.StringVar(&opt.profile, "profile", "", "instead of measuring: profile placing orders, store alone and over HTTP, into this folder")
	fs.BoolVar(&opt.keep, "keep", false, "keep the filled desks, and go on from them the next time")
	if err := fs.Parse(args); err != nil {
		return opt, err
	}
	if fs.NArg() > 0 {
		return opt, fmt.Errorf("%q is no flag", fs.Arg(0))
	}
	rounds, rows, length := 5, 1_000_000, 2*time.Second
	if opt.short {
		rounds, rows, length = 2, 100_000, time.Second
	}
	opt.rounds, opt.rows, opt.time = cmp.Or(opt.rounds, rounds), cmp.Or(opt.rows, rows), cmp.Or(opt.time, length)
	opt.data, opt.customers = cmp.Or(opt.data, ".cache/bench"), 1000
	if opt.rows < 10_000 || opt.rounds < 1 || opt.time <= 0 {
		return opt, errors.New("there must be a round, a time and at least 10000 rows")
	}
	var err error
	opt.run, err = regexp.Compile(*run)
	return opt, err
}

// sizes are those of the desks: what most lines are measured at is a tenth of the most,
// at most a hundred thousand.
func (o options) sizes() stored {
	base := min(o.rows/10, 100_000)
	return stored{Small: max(base/10, 1000), Base: base, Most: o.rows}
}

// machine is what a reader must know of where figures were taken, and nothing that says
// whose it is.
type machine struct {
	Cores      int
	MemoryGiB  float64
	Go         string
	OS         string
	Kernel     string
	FileSystem string  // under the desks
	Load       float64 // others' demand for the cores, in the minute before the run began
}

func facts(dir string) (machine, error) {
	m := machine{Cores: runtime.NumCPU(), Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH}
	var u syscall.Utsname
	if err := syscall.Uname(&u); err != nil {
		return m, err
	}
	for _, c := range u.Release {
		if c == 0 {
			break
		}
		m.Kernel += string(rune(c))
	}
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return m, err
	}
	m.MemoryGiB = float64(info.Totalram*uint64(info.Unit)>>20) / 1024
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return m, err
	}
	load, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		_, err = fmt.Sscan(string(load), &m.Load)
	}
	if err != nil {
		return m, err
	}
	m.FileSystem = cmp.Or(fileSystems[int64(fs.Type)], fmt.Sprintf("%#x", fs.Type))
	return m, nil
}

// fileSystems are those that desks are likely to lie on, by their magic numbers.
var fileSystems = map[int64]string{0xef53: "ext4", 0x58465342: "xfs", 0x9123683e: "btrfs", 0x01021994: "tmpfs", 0x794c7630: "overlay", 0x2fc12fc1: "zfs", 0x6969: "nfs"}
