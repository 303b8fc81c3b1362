// Package ard speaks the ordering API of Maxar's Analysis Ready Data, as its Python
// client max-ard 1.7.4 uses it: token, select, metadata, order, usage and account.
// Areas, prices, limits and states are the core's and package imagery's; this package
// only names them. docs/doors/ard.md lists what it answers and each place where the
// server differs.
//
// Each route is served at the root and under /api/v1, with and without a slash at its
// end, and never by a redirect: the client turns a redirected POST into a GET.
package ard
