package world

import _ "embed"

//go:embed demo.yaml
var demo []byte

// Demo is the demo's world, its keys to be made.
func Demo() (Doc, error) { return Parse("demo.yaml", demo) }
