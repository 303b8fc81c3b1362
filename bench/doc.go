// Command bench measures docket against the references of the same minute: what one goroutine
// can append and sync, what the same writer does with the order row alone, what net/http
// serves at all. Absolute rates drift by two on a shared machine, so the table it prints
// holds ratios, each with the least, the median and the most of interleaved rounds,
// beside the target. docs/performance.md says how to read it.
//
//	make bench                             # everything, under a quarter of an hour; renews the page and its plots
//	go run ./bench -short                  # smaller desks, under three minutes
//	go run ./bench -run 'place|post' -rounds 3
//	go run ./bench -rows 10000000 -keep    # the desk with ten million orders, kept for the next time
//
// It needs Linux: what a process writes and spends is read from /proc. It loads 127.0.0.1
// alone, and every load ends by itself.
package main
