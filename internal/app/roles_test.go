package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/tenant"
)

func rolesFrom(t *testing.T, text string) (tenant.Policy, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "roles.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Config{Data: dir}.policy()
}

func TestAFileSaysWhatRolesMayDo(t *testing.T) {
	p, err := rolesFrom(t, `
project.manager: {add: [order.approve, ORDER.REJECT]}
PROJECT.MEMBER: {enabled: true}
project.admin: {rights: [order.list], add: [order.cancel], remove: [order.list]}
customer.owner: {enabled: false, remove: [order.approve]}
`)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		role  tenant.Role
		right tenant.Right
		want  bool
	}{
		{tenant.ProjectManager, tenant.ApproveOrder, true}, {tenant.ProjectManager, tenant.RejectOrder, true}, {tenant.ProjectManager, tenant.CancelOrder, true},
		{tenant.ProjectAdmin, tenant.CancelOrder, true}, {tenant.ProjectAdmin, tenant.ListOrders, false}, {tenant.ProjectAdmin, tenant.Terminate, false},
		{tenant.CustomerOwner, tenant.ApproveOrder, false}, {tenant.CustomerOwner, tenant.RejectOrder, true},
		{tenant.CustomerManager, tenant.CreateOffering, true},
	} {
		if got := p.Rights.Allow(tt.role, tt.right); got != tt.want {
			t.Errorf("%s may %s: %t, want %t", tt.role, tt.right, got, tt.want)
		}
	}
	for role, closed := range map[tenant.Role]bool{tenant.ProjectMember: false, tenant.CustomerSupport: true, tenant.CustomerOwner: true, tenant.ProjectManager: false} {
		if p.Closed[role] != closed {
			t.Errorf("%s is closed: %t, want %t", role, p.Closed[role], closed)
		}
	}
	if d := tenant.DefaultPolicy(); d.Rights.Allow(tenant.ProjectManager, tenant.ApproveOrder) || !d.Closed[tenant.ProjectMember] {
		t.Error("what a file says changed the defaults themselves")
	}
}

func TestNoFileAboutRolesMeansTheDefaults(t *testing.T) {
	p, err := Config{Data: t.TempDir()}.policy()
	if err != nil || !slices.Equal(p.Rights[tenant.ProjectAdmin], tenant.DefaultRights()[tenant.ProjectAdmin]) || !p.Closed[tenant.ProjectMember] {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := rolesFrom(t, ""); err != nil || !p.Closed[tenant.CustomerSupport] {
		t.Errorf("an empty file: %+v, %v", p, err)
	}
	if _, err := (Config{Data: t.TempDir(), Roles: filepath.Join(t.TempDir(), "none.yaml")}).policy(); err == nil || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("a file that is named but not there: %v", err)
	}
}

func TestAMistakeInTheFileAboutRolesIsToldWithItsLineAndWhatToWrite(t *testing.T) {
	for text, want := range map[string]string{
		"\nproject.boss: {}\n":                             `roles.yaml:2: "project.boss" is no role: want one of customer.manager, customer.owner`,
		"project.manager: {add: [order.aprove]}\n":         `roles.yaml:1: "order.aprove" is no right: want one of order.place, order.approve`,
		"project.manager: {grant: [order.approve]}\n":      `"grant" is nothing that can be said of a role: enabled, rights, add, remove`,
		"project.manager: {add: order.approve}\n":          "want a list of rights, such as [order.approve",
		"project.manager: {enabled: perhaps}\n":            "enabled is true or false",
		"project.manager: order.approve\n":                 "want what is said of project.manager",
		"- project.manager\n":                              "want roles and what is said of each",
		"project.manager: {}\nPROJECT.MANAGER: {}\n":       "roles.yaml:2: project.manager is named twice",
		"project.manager: {add: [order.approve]\n":         "roles.yaml:",
		"project.manager: {rights: [{order: approve}]}\n":  "is no right",
		"project.manager: {rights: [], enabled: [true]}\n": "enabled is true or false",
	} {
		if _, err := rolesFrom(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is read as %v, want %q", text, err, want)
		}
	}
}

// TestAChangedFileAboutRolesIsTakenAndAWrongOneIsNot: an open desk goes on by what it had.
func TestAChangedFileAboutRolesIsTakenAndAWrongOneIsNot(t *testing.T) {
	dir := t.TempDir()
	var log strings.Builder
	d, err := Open(t.Context(), Config{Data: dir, MasterKey: filepath.Join(dir, "master.key"), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, step := range []struct {
		file           string
		taken, approve bool
	}{
		{"project.manager: {add: [order.approve]}", true, true},
		{"project.manager: {add: [order.aprove]}", false, true},
		{"project.manager: {}", true, false},
	} {
		if err := os.WriteFile(filepath.Join(dir, "roles.yaml"), []byte(step.file), 0o600); err != nil {
			t.Fatal(err)
		}
		log.Reset()
		if err := d.RereadRoles(); (err == nil) != step.taken || step.taken == strings.Contains(log.String(), "roles.yaml:1:") {
			t.Errorf("%s: %v, logged %q; want it taken: %v", step.file, err, log.String(), step.taken)
		}
		if got := slices.Contains(d.Rights(tenant.ProjectManager), tenant.ApproveOrder); got != step.approve {
			t.Errorf("after %s managers approve: %v", step.file, got)
		}
	}
}
