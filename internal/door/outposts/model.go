package outposts

import "regexp"

// The constraints of the vendor's model, under the names its shapes have there. Where the
// pattern is not anchored there, the bounds make it so.

const arnStart = `arn:aws([a-z-]+)?:outposts:[a-z\d-]+:\d{12}:`

func like(min, max int, pattern string) text {
	return text{min: min, max: max, pattern: regexp.MustCompile(pattern)}
}

var (
	siteID             = like(1, 255, `^(`+arnStart+`site/)?(os-[a-f0-9]{17})$`)
	siteName           = like(1, 1000, `^[\S ]+$`)
	siteDescription    = like(1, 1001, `^[\S ]+$`)
	siteNotes          = like(1, 2000, `^[\S \n]+$`)
	outpostID          = like(1, 180, `^(`+arnStart+`outpost/)?op-[a-f0-9]{17}$`)
	outpostName        = like(1, 255, `^[\S ]+$`)
	outpostDescription = like(0, 1000, `^[\S ]*$`)
	availabilityZone   = like(1, 1000, `^([a-zA-Z]+-){1,3}([a-zA-Z]+)?(\d+[a-zA-Z]?)?$`)
	zoneID             = like(1, 255, `^[a-zA-Z]+\d-[a-zA-Z]+\d$`)
	lifeCycleStatus    = like(1, 20, `^[ A-Za-z]+$`)
	anyARN             = like(1, 1011, `^(`+arnStart+`([a-z\d-]+)/)[a-z]{2,8}-[a-f0-9]{17}$`)
	orderID            = like(1, 20, `^oo-[a-f0-9]{17}$`)
	skuCode            = like(1, 10, `^OR-[A-Z0-9]{7}$`)
	quoteID            = like(1, 255, `^(`+arnStart+`quote/)?oq-[a-f0-9]{17}$`)
	quoteOptionID      = like(1, 21, `^oqo-[a-f0-9]{17}$`)
	family             = like(1, 10, `^[a-z0-9]+([a-z0-9-]*[a-z0-9])?$`) // one letter alone was a family in older models
	hostID             = like(1, 50, `^[A-Za-z0-9-]*$`)
	nextToken          = like(1, 2048, `^(\d+)##(\S+)$`)
	tagKey             = text{min: 1, max: 128, pattern: regexp.MustCompile(`^[a-zA-Z+-=._:/]+$`), not: "aws:"}
	tagValue           = text{min: 1, max: 256, pattern: regexp.MustCompile(`^[\S \n]+$`)} // the pattern wants a character
	countryCode        = like(2, 2, `^[A-Z]{2}$`)
	addressLine1       = like(1, 180, `^\S[\S ]*$`)
	addressLine        = like(0, 60, `^\S[\S ]*$`)
	city               = like(1, 50, `^\S[\S ]*$`)
	stateOrRegion      = like(1, 50, `^\S[\S ]*$`)
	districtOrCounty   = like(1, 60, `^\S[\S ]*`)
	postalCode         = like(1, 20, `^[a-zA-Z0-9 -]+$`)
	municipality       = like(0, 180, `^\S[\S ]*$`)
	contactName        = like(1, 255, `^\S[\S ]*$`)
	contactPhone       = like(1, 20, `^[\S ]+$`) // of 2023: clients of that time need no country code
	trackingID         = like(6, 42, `^[a-zA-Z0-9]+$`)
	assetID            = like(1, 100, `^(\w+)$`)
	addressType        = enum{"SHIPPING_ADDRESS", "OPERATING_ADDRESS"}
	hardwareType       = enum{"RACK", "SERVER"}
	itemClass          = enum{"RACK", "SERVER"}
	supportedStorage   = enum{"EBS", "S3"}
	payOption          = enum{"ALL_UPFRONT", "NO_UPFRONT", "PARTIAL_UPFRONT"}
	payTerm            = enum{"THREE_YEARS", "ONE_YEAR", "FIVE_YEARS"}
	computeAssetState  = enum{"ACTIVE", "RETIRING", "ISOLATED", "INSTALLING"}
	assetType          = enum{"COMPUTE", "STORAGE", "POWERSHELF", "SWITCH", "NETWORKING"}
)

// rackProperties are the members of RackPhysicalProperties.
var rackProperties = map[string]enum{
	"PowerDrawKva":        {"POWER_5_KVA", "POWER_10_KVA", "POWER_15_KVA", "POWER_30_KVA"},
	"PowerPhase":          {"SINGLE_PHASE", "THREE_PHASE"},
	"PowerConnector":      {"L6_30P", "IEC309", "AH530P7W", "AH532P6W", "CS8365C"},
	"PowerFeedDrop":       {"ABOVE_RACK", "BELOW_RACK"},
	"UplinkGbps":          {"UPLINK_1G", "UPLINK_10G", "UPLINK_40G", "UPLINK_100G"},
	"FiberOpticCableType": {"SINGLE_MODE", "MULTI_MODE"},
	"UplinkCount": {"UPLINK_COUNT_1", "UPLINK_COUNT_2", "UPLINK_COUNT_3", "UPLINK_COUNT_4", "UPLINK_COUNT_5", "UPLINK_COUNT_6",
		"UPLINK_COUNT_7", "UPLINK_COUNT_8", "UPLINK_COUNT_12", "UPLINK_COUNT_16"},
	"OpticalStandard": {"OPTIC_10GBASE_SR", "OPTIC_10GBASE_IR", "OPTIC_10GBASE_LR", "OPTIC_40GBASE_SR", "OPTIC_40GBASE_ESR",
		"OPTIC_40GBASE_IR4_LR4L", "OPTIC_40GBASE_LR4", "OPTIC_100GBASE_SR4", "OPTIC_100GBASE_CWDM4", "OPTIC_100GBASE_LR4",
		"OPTIC_100G_PSM4_MSA", "OPTIC_1000BASE_LX", "OPTIC_1000BASE_SX"},
	"MaximumSupportedWeightLbs": {"NO_LIMIT", "MAX_1400_LBS", "MAX_1600_LBS", "MAX_1800_LBS", "MAX_2000_LBS"},
}
