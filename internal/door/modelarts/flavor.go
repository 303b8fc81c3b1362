package modelarts

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
)

// flavor is what a component's attributes tell of one: see the package comment.
type flavor struct {
	Type        text            `json:"type"`
	CPUArch     text            `json:"cpuArch"`
	CPU         text            `json:"cpu"`
	Memory      text            `json:"memory"`
	GPU         *chips          `json:"gpu"`
	NPU         *chips          `json:"npu"`
	DataVolumes []volume        `json:"dataVolumes"`
	JobFlavors  []string        `json:"jobFlavors"`
	BillingCode text            `json:"billingCode"`
	Zones       map[string]text `json:"azs"`
}

type chips struct {
	Type   text `json:"type"`
	Size   text `json:"size"`
	Memory text `json:"memory,omitempty"`
}

type volume struct {
	Type text `json:"volumeType"`
	Size text `json:"size"`
}

func flavorOf(c catalog.Component) flavor {
	var f flavor
	if isNull(c.Attrs) || json.Unmarshal(c.Attrs, &f) != nil {
		return flavor{}
	}
	return f
}

func (f flavor) zones() []string { return slices.Sorted(maps.Keys(f.Zones)) }

type wireFlavor struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Metadata   flavorMeta   `json:"metadata"`
	Spec       flavorSpec   `json:"spec"`
	Status     flavorStatus `json:"status"`
}

type flavorMeta struct {
	Name        string            `json:"name"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

type flavorSpec struct {
	Type         text     `json:"type"`
	CPUArch      text     `json:"cpuArch"`
	CPU          text     `json:"cpu"`
	Memory       text     `json:"memory"`
	GPU          *chips   `json:"gpu,omitempty"`
	NPU          *chips   `json:"npu,omitempty"`
	DataVolume   []volume `json:"dataVolume,omitempty"`  // as the SDKs have it
	DataVolumes  []volume `json:"dataVolumes,omitempty"` // as the documents and Terraform have it
	BillingModes []int    `json:"billingModes"`
	BillingCode  text     `json:"billingCode,omitempty"`
	JobFlavors   []string `json:"jobFlavors"`
}

type flavorStatus struct {
	Phase map[string]text `json:"phase"`
}

type flavorList struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Metadata   listMeta     `json:"metadata"`
	Items      []wireFlavor `json:"items"`
}

func (d *door) listFlavors(w http.ResponseWriter, r *http.Request, at place) error {
	q, err := readQuery(r)
	if err != nil {
		return err
	}
	labels, err := parseSelector(q.text("labelSelector"))
	if err != nil {
		return err
	}
	var all []wireFlavor
	err = d.view(r, at, func(s *core.Scene) error {
		sheets, err := poolSheets(s)
		if err != nil {
			return err
		}
		today := day.Of(d.core.Now())
		for n := range sheets {
			for _, c := range sheets[n].Components {
				known := slices.ContainsFunc(all, func(f wireFlavor) bool { return f.Metadata.Name == c.Code })
				if f := showFlavor(&sheets[n], c, at.project.Customer, today); !known && labels.lets(f.Metadata.Labels) {
					all = append(all, f)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	some, rest, err := paged(q, all, func(f wireFlavor) string { return f.Metadata.Name })
	if err != nil {
		return err
	}
	return reply(w, r, http.StatusOK, flavorList{"v1", "ResourceFlavorList", rest, append([]wireFlavor{}, some...)})
}

func showFlavor(sheet *catalog.Sheet, c catalog.Component, customer id.ID, on day.Day) wireFlavor {
	f := flavorOf(c)
	out := wireFlavor{APIVersion: "v1", Kind: "ResourceFlavor", Status: flavorStatus{f.Zones}}
	out.Metadata = flavorMeta{c.Code, map[string]string{"os.modelarts/scope": strings.Join(f.JobFlavors, ".")}, map[string]string{}}
	out.Spec = flavorSpec{Type: f.Type, CPUArch: f.CPUArch, CPU: f.CPU, Memory: f.Memory, GPU: f.GPU, NPU: f.NPU, DataVolume: f.DataVolumes, DataVolumes: f.DataVolumes,
		BillingModes: []int{}, BillingCode: f.BillingCode, JobFlavors: append([]string{}, f.JobFlavors...)}
	if out.Spec.Type == "" {
		out.Spec.Type = "Dedicate"
	}
	if out.Status.Phase == nil {
		out.Status.Phase = map[string]text{}
	}
	modes := map[bool]bool{}
	for _, p := range sheet.Plans {
		if _, priced := sheet.Price(p.ID, c.ID, on); priced && p.ArchivedAt == nil && (p.Customer == 0 || p.Customer == customer) {
			modes[aheadOfUse(p)] = true
		}
	}
	for mode, isAhead := range []bool{false, true} { // 0 on demand, 1 by the month or year
		if modes[isAhead] {
			out.Spec.BillingModes = append(out.Spec.BillingModes, mode)
		}
	}
	return out
}
