// Package app wires a whole desk from a Config: the store, the core, a door for each
// vendor, the workers, and the ports that all of it answers on. It is what cmd/docket
// serves and what whole-server tests start. It holds no rule and speaks no vendor's API;
// package app/world reads what an operator sets up, package app/demo plays the demo.
package app
