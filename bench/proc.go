//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// ticks a second are what /proc counts CPU in, on every Linux that Go runs on.
const ticks = 100

// myself meters this process.
func myself() (spent, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return spent{}, err
	}
	b, err := written("self")
	return spent{cpu: float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9, bytes: b}, err
}

// written is wchar of /proc/PID/io: what was handed to write calls, whether or not it
// has reached a disk.
func written(pid string) (float64, error) {
	b, err := os.ReadFile("/proc/" + pid + "/io")
	if err != nil {
		return 0, err
	}
	var rchar, wchar float64
	_, err = fmt.Sscanf(string(b), "rchar: %g\nwchar: %g", &rchar, &wchar)
	return wchar, err
}

// others meters processes and the children they have had.
func others(pids func() ([]int, error)) meter {
	return func() (spent, error) {
		var out spent
		list, err := pids()
		for _, pid := range list {
			cpu, e := cpuOf(pid)
			b, _ := written(strconv.Itoa(pid)) // another user's is not ours to read
			out.cpu += cpu
			out.bytes += b
			err = errors.Join(err, e)
		}
		return out, err
	}
}

// cpuOf is what a process has spent, with those of its children that have ended.
func cpuOf(pid int) (float64, error) {
	f, err := stat(pid)
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for _, field := range f[11:15] { // utime, stime, cutime, cstime
		n, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum / ticks, nil
}

// stat returns the fields of /proc/PID/stat behind the name, the state first.
func stat(pid int) ([]string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])) // a name may have blanks
	if len(f) < 15 {
		return nil, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(f))
	}
	return f, nil
}

// family is a process and its children.
func family(pid int) ([]int, error) {
	out := []int{pid}
	names, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		child, err := strconv.Atoi(filepath.Base(name))
		if err != nil {
			continue
		}
		if f, err := stat(child); err == nil && f[1] == strconv.Itoa(pid) { // gone meanwhile: its parent counts it
			out = append(out, child)
		}
	}
	return out, nil
}

// peakResident is the most that a process has held of the machine's memory, pages of files
// included, in MiB.
func peakResident(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	var kb float64
	_, err = fmt.Sscanf(rest, "%g kB", &kb)
	return kb / 1024, err
}

// resident is what a process holds of the machine's memory, in MiB: all of it, and what
// of that is not pages of files.
func resident(pid int) (all, anonymous float64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(b)) {
		var kb float64
		switch {
		case strings.HasPrefix(line, "VmRSS:"):
			_, err = fmt.Sscanf(line, "VmRSS: %g kB", &kb)
			all = kb / 1024
		case strings.HasPrefix(line, "RssAnon:"):
			_, err = fmt.Sscanf(line, "RssAnon: %g kB", &kb)
			anonymous = kb / 1024
		}
		if err != nil {
			return 0, 0, err
		}
	}
	return all, anonymous, nil
}
