// Package native speaks Docket's own API, /docket/v1: the operator's verbs, in the wire
// types of package client, with its OpenAPI description served beside it. It holds no
// rule: what may be done, when and by whom is the core's to say. An order's id is taken
// in every spelling that any door uses for it, because an operator is told of an order
// by whoever placed it.
package native
