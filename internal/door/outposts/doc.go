// Package outposts speaks the control plane of AWS Outposts (REST JSON, API version
// 2019-12-03, as botocore 1.44.5 models it): sites, Outposts, the hardware catalog,
// orders, assets, billing information and tags. Prices, limits and states are the core's;
// this package only names them. Sites and Outposts are documents of the core that no
// other door reads. Operations of the model that are not served answer as the vendor
// does for a path it does not know. docs/doors/outposts.md lists each place where the
// server differs from the vendor's.
package outposts
