// Package fulfil does the work that orders ask for: a Runner claims jobs by lease, works
// outside any transaction and reports through the core; Delivery writes ordered imagery
// to a bucket. A worker may die anywhere: the lease ends, another takes the job up, writes
// the same paths again and reports once. What an order may become is the core's to say,
// what a delivery is made of package imagery's.
package fulfil
