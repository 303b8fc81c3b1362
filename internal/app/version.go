package app

import (
	"runtime/debug"
	"sync"
)

// release is the version of this program: the one place that says it.
const release = "0.1.0"

// Version is the release, with the commit that it was built from where the build knows.
var Version = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return release
	}
	commit, changed := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = ".changed"
		}
	}
	if commit == "" {
		return release
	}
	return release + "+" + commit + changed
})
