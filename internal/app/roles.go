package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/docket-desk/docket/internal/tenant"
)

// rolesName is the file in the data directory that says what roles may do.
const rolesName = "roles.yaml"

// RolesFile is where the file about roles lies, be it there or not.
func (c Config) RolesFile() string {
	if c.Roles != "" {
		return c.Roles
	}
	return filepath.Join(c.Data, rolesName)
}

// policy reads what roles may do: the default, changed by the file about roles. One that
// is named must be there.
func (c Config) policy() (tenant.Policy, error) {
	b, err := os.ReadFile(c.RolesFile())
	if errors.Is(err, fs.ErrNotExist) && c.Roles == "" {
		return tenant.DefaultPolicy(), nil
	}
	if err != nil {
		return tenant.Policy{}, fmt.Errorf("the file about roles cannot be read: %w", err)
	}
	changes, err := readRoles(b)
	if err != nil {
		return tenant.Policy{}, fmt.Errorf("%s:%w", c.RolesFile(), err)
	}
	return tenant.DefaultPolicy().Change(changes), nil
}

// RereadRoles takes what the file about roles says by now. Where that is wrong, what it said
// before holds.
func (d *Desk) RereadRoles() error {
	p, err := d.Config.policy()
	if err != nil {
		d.log.Error("the file about roles is not taken; what it said before holds", "error", err)
		return err
	}
	d.SetPolicy(p)
	d.log.Info("what roles may do was read again", "file", d.Config.RolesFile())
	return nil
}

// roleFault is a mistake with its line.
func roleFault(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%d: %s", n.Line, fmt.Sprintf(format, args...))
}

func readRoles(b []byte) (map[tenant.Role]tenant.Change, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(b, &root); err != nil {
		return nil, fmt.Errorf(" %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(root.Content) == 0 {
		return nil, nil // an empty file changes nothing
	}
	top := root.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, roleFault(top, "want roles and what is said of each, such as project.manager: {add: [order.approve]}")
	}
	out := map[tenant.Role]tenant.Change{}
	for n := 0; n < len(top.Content); n += 2 {
		role := tenant.Role(strings.ToLower(top.Content[n].Value))
		if _, ok := tenant.Roles()[role]; !ok {
			return nil, roleFault(top.Content[n], "%q is no role: want one of %s", role, strings.Join(roleNames(), ", "))
		}
		if _, twice := out[role]; twice {
			return nil, roleFault(top.Content[n], "%s is named twice", role)
		}
		change, err := readRole(role, top.Content[n+1])
		if err != nil {
			return nil, err
		}
		out[role] = change
	}
	return out, nil
}

func readRole(role tenant.Role, n *yaml.Node) (tenant.Change, error) {
	var c tenant.Change
	if n.Kind != yaml.MappingNode {
		return c, roleFault(n, "want what is said of %s: enabled, rights, add, remove", role)
	}
	for m := 0; m < len(n.Content); m += 2 {
		value := n.Content[m+1]
		var err error
		switch name := n.Content[m].Value; name {
		case "enabled":
			if err := value.Decode(&c.Enabled); err != nil || c.Enabled == nil {
				return c, roleFault(value, "enabled is true or false")
			}
		case "rights":
			c.Rights, err = readRights(value)
		case "add":
			c.Add, err = readRights(value)
		case "remove":
			c.Remove, err = readRights(value)
		default:
			return c, roleFault(n.Content[m], "%q is nothing that can be said of a role: enabled, rights, add, remove", name)
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

func readRights(n *yaml.Node) ([]tenant.Right, error) {
	if n.Kind != yaml.SequenceNode {
		return nil, roleFault(n, "want a list of rights, such as [order.approve, order.reject]")
	}
	out := []tenant.Right{}
	for _, item := range n.Content {
		right := tenant.Right(strings.ToLower(item.Value))
		if !slices.Contains(tenant.AllRights(), right) {
			return nil, roleFault(item, "%q is no right: want one of %s", item.Value, joined(tenant.AllRights()))
		}
		out = append(out, right)
	}
	return out, nil
}

func roleNames() []string {
	var out []string
	for r := range tenant.Roles() {
		out = append(out, string(r))
	}
	slices.Sort(out)
	return out
}

func joined(rights []tenant.Right) string {
	out := make([]string, len(rights))
	for n, r := range rights {
		out[n] = string(r)
	}
	return strings.Join(out, ", ")
}
