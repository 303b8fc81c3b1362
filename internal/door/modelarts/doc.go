// Package modelarts speaks the resource orders and pools of Huawei Cloud ModelArts (API
// versions 1 and 2, as huaweicloudsdkmodelarts 3.1.219 and terraform-provider-huaweicloud
// 1.96.1 call them), with as much of its IAM (v3) as those need to begin and of its billing
// centre as they need to pay and to unsubscribe. Prices, limits and states are the core's;
// this package only names them. docs/doors/modelarts.md lists each place where the server
// differs from the vendor's.
//
// Pools are resources of the offerings that are measured by count and done at once. Their
// components are the flavors, whose Attrs hold what the vendor tells of one:
//
//	type        "Dedicate" or "Logical"; absent: Dedicate
//	cpuArch     "x86", "arm64"
//	cpu         "8", and memory "32Gi": texts
//	gpu, npu    {"type": "nvidia-v100", "size": "1", "memory": "32Gi"}
//	dataVolumes [{"volumeType": "SSD", "size": "500Gi"}]
//	jobFlavors  ["Train", "Infer", "Notebook"]: what pools of it may run
//	billingCode a text
//	azs         {"eu-north-1a": "normal"}: or "soldout"
//
// A plan that is not prepaid is billing mode 0 (on demand); a prepaid one by the month is
// billing mode 1, for months where its term is a month or open and for years where it is
// twelve months.
//
// What only this vendor knows of a pool (scope, network, driver, labels …) lies under
// "modelarts" in the resource's attributes; networks are documents of kind
// "modelarts.network". Projects are the core's, domains are customers.
package modelarts
