package app

import (
	"net/http"
)

// opener makes a door: the path prefixes that are its own, and its handler.
type opener func(d *Desk) (prefixes []string, handler http.Handler, err error)

// doors are all there are; where two take one path, the longer prefix wins.
var doors = []opener{openARD, openOutposts, openModelArts, openWaldur, openNative}
