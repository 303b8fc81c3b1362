package imagery

// Settings say which files an order delivers. See DefaultSettings; the zero value
// delivers none but the documents.
type Settings struct {
	BundleAdjust          bool `json:"bundle_adjust"` // alignment of the stack; no file depends on it
	CloudMask             bool `json:"cloud_mask"`
	DataMask              bool `json:"data_mask"`
	HealthyVegetationMask bool `json:"healthy_vegetation_mask"`
	MSAnalytic            bool `json:"ms_analytic"`
	MSSaturationMask      bool `json:"ms_saturation_mask"`
	PanAnalytic           bool `json:"pan_analytic"`
	PanFlareMask          bool `json:"pan_flare_mask"`
	TerrainShadowMask     bool `json:"terrain_shadow_mask"`
	Visual                bool `json:"visual"`
	WaterMask             bool `json:"water_mask"`
}

// DefaultSettings are those of an order that names none: every file, no bundle
// adjustment. Decoding JSON into them keeps the default of each key left out.
func DefaultSettings() Settings {
	return Settings{
		CloudMask: true, DataMask: true, HealthyVegetationMask: true, MSAnalytic: true, MSSaturationMask: true,
		PanAnalytic: true, PanFlareMask: true, TerrainShadowMask: true, Visual: true, WaterMask: true,
	}
}
