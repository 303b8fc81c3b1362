package outposts

// What goes over the wire, under the model's names. Lists and Tags are always there.

type siteOutput struct {
	Site wireSite `json:"Site"`
}

type sitesOutput struct {
	Sites     []wireSite `json:"Sites"`
	NextToken string     `json:"NextToken,omitempty"`
}

type wireSite struct {
	SiteID      string            `json:"SiteId"`
	AccountID   string            `json:"AccountId"`
	Name        string            `json:"Name"`
	Description string            `json:"Description,omitempty"`
	Tags        map[string]string `json:"Tags"`
	SiteARN     string            `json:"SiteArn"`
	Notes       string            `json:"Notes,omitempty"`
	CountryCode string            `json:"OperatingAddressCountryCode,omitempty"`
	Region      string            `json:"OperatingAddressStateOrRegion,omitempty"`
	City        string            `json:"OperatingAddressCity,omitempty"`
	Rack        map[string]string `json:"RackPhysicalProperties,omitempty"`
}

type addressOutput struct {
	SiteID      string            `json:"SiteId,omitempty"`
	AddressType string            `json:"AddressType"`
	Address     map[string]string `json:"Address"`
}

type outpostOutput struct {
	Outpost wireOutpost `json:"Outpost"`
}

type outpostsOutput struct {
	Outposts  []wireOutpost `json:"Outposts"`
	NextToken string        `json:"NextToken,omitempty"`
}

type wireOutpost struct {
	OutpostID   string            `json:"OutpostId"`
	OwnerID     string            `json:"OwnerId"`
	OutpostARN  string            `json:"OutpostArn"`
	SiteID      string            `json:"SiteId"`
	Name        string            `json:"Name"`
	Description string            `json:"Description,omitempty"`
	LifeCycle   string            `json:"LifeCycleStatus"`
	Zone        string            `json:"AvailabilityZone,omitempty"`
	ZoneID      string            `json:"AvailabilityZoneId,omitempty"`
	Tags        map[string]string `json:"Tags"`
	SiteARN     string            `json:"SiteArn"`
	Hardware    string            `json:"SupportedHardwareType,omitempty"`
}

type itemOutput struct {
	CatalogItem wireItem `json:"CatalogItem"`
}

type itemsOutput struct {
	CatalogItems []wireItem `json:"CatalogItems"`
	NextToken    string     `json:"NextToken,omitempty"`
}

type wireItem struct {
	CatalogItemID string     `json:"CatalogItemId"`
	ItemStatus    string     `json:"ItemStatus"`
	EC2Capacities []Capacity `json:"EC2Capacities"`
	PowerKva      float64    `json:"PowerKva,omitempty"`
	WeightLbs     int        `json:"WeightLbs,omitempty"`
	UplinkGbps    []int      `json:"SupportedUplinkGbps"`
	Storage       []string   `json:"SupportedStorage"`
	Scaling       string     `json:"RackScalingType,omitempty"`
}

type orderOutput struct {
	Order wireOrder `json:"Order"`
}

type wireOrder struct {
	OutpostID     string     `json:"OutpostId"`
	OrderID       string     `json:"OrderId"`
	OrderType     string     `json:"OrderType"`
	Status        string     `json:"Status"`
	LineItems     []wireLine `json:"LineItems"`
	PaymentOption string     `json:"PaymentOption"`
	PaymentTerm   string     `json:"PaymentTerm,omitempty"`
	Submitted     int64      `json:"OrderSubmissionDate"`
	Fulfilled     int64      `json:"OrderFulfilledDate,omitempty"`
}

type wireLine struct {
	CatalogItemID  string        `json:"CatalogItemId"`
	LineItemID     string        `json:"LineItemId"`
	Quantity       int64         `json:"Quantity"`
	Status         string        `json:"Status"`
	Shipment       *wireShipment `json:"ShipmentInformation,omitempty"`
	Assets         []wirePiece   `json:"AssetInformationList,omitempty"`
	PreviousLineID string        `json:"PreviousLineItemId,omitempty"`
	PreviousOrder  string        `json:"PreviousOrderId,omitempty"`
}

type wireShipment struct {
	Tracking string `json:"ShipmentTrackingNumber,omitempty"`
	Carrier  string `json:"ShipmentCarrier,omitempty"`
}

type wirePiece struct {
	AssetID string   `json:"AssetId"`
	MACs    []string `json:"MacAddressList,omitempty"`
}

type ordersOutput struct {
	Orders    []wireSummary `json:"Orders"`
	NextToken string        `json:"NextToken,omitempty"`
}

type wireSummary struct {
	OutpostID string         `json:"OutpostId"`
	OrderID   string         `json:"OrderId"`
	OrderType string         `json:"OrderType"`
	Status    string         `json:"Status"`
	Counts    map[string]int `json:"LineItemCountsByStatus"`
	Submitted int64          `json:"OrderSubmissionDate"`
	Fulfilled int64          `json:"OrderFulfilledDate,omitempty"`
}

type assetsOutput struct {
	Assets    []wireAsset `json:"Assets"`
	NextToken string      `json:"NextToken,omitempty"`
}

type wireAsset struct {
	AssetID  string        `json:"AssetId"`
	RackID   string        `json:"RackId,omitempty"`
	Type     string        `json:"AssetType"`
	Compute  *wireCompute  `json:"ComputeAttributes,omitempty"`
	Location *wireLocation `json:"AssetLocation,omitempty"`
}

type wireCompute struct {
	HostID   string   `json:"HostId"`
	State    string   `json:"State"`
	Families []string `json:"InstanceFamilies"`
}

type wireLocation struct {
	RackElevation float64 `json:"RackElevation"`
}

type billingOutput struct {
	Subscriptions   []wireSubscription `json:"Subscriptions"`
	ContractEndDate string             `json:"ContractEndDate,omitempty"`
	PaymentTerm     string             `json:"PaymentTerm,omitempty"`
	PaymentOption   string             `json:"PaymentOption,omitempty"`
	NextToken       string             `json:"NextToken,omitempty"`
}

type wireSubscription struct {
	SubscriptionID string   `json:"SubscriptionId"`
	Type           string   `json:"SubscriptionType"`
	Status         string   `json:"SubscriptionStatus"`
	OrderIDs       []string `json:"OrderIds"`
	Begin          int64    `json:"BeginDate,omitempty"`
	End            int64    `json:"EndDate,omitempty"`
	Currency       string   `json:"Currency,omitempty"`
	Monthly        float64  `json:"MonthlyRecurringPrice"`
	Upfront        float64  `json:"UpfrontPrice"`
}

type tagsOutput struct {
	Tags map[string]string `json:"Tags"`
}

type empty struct{}
