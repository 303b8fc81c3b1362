package modelarts

import (
	"net/http"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// wireWorkspace is a workspace: each project has the default one, and no other.
type wireWorkspace struct {
	ID                string     `json:"id"`
	Name              string     `json:"name"`
	Description       string     `json:"description"`
	Owner             string     `json:"owner"`
	AuthType          string     `json:"auth_type"`
	Enterprise        string     `json:"enterprise_project_id"`
	EnterpriseProject string     `json:"enterprise_project_name"`
	Status            string     `json:"status"`
	StatusInfo        string     `json:"status_info"`
	Created           int64      `json:"create_time"` // milliseconds
	Updated           int64      `json:"update_time"`
	Grants            []struct{} `json:"grants"`
}

type workspaceList struct {
	Total int             `json:"total_count"`
	Count int             `json:"count"`
	Items []wireWorkspace `json:"workspaces"`
}

func defaultWorkspace(at place) wireWorkspace {
	made := at.project.ID.Time().UnixMilli()
	return wireWorkspace{ID: workspace, Name: "default", Owner: at.project.Customer.UUID(id.Customer), AuthType: "PUBLIC", Enterprise: "0", EnterpriseProject: "default",
		Status: "NORMAL", Created: made, Updated: made, Grants: []struct{}{}}
}

const mostWorkspaces = 1000

func (d *door) listWorkspaces(w http.ResponseWriter, r *http.Request, at place) error {
	q, err := readQuery(r)
	if err != nil {
		return err
	}
	if _, err := q.upTo("limit", mostWorkspaces, mostWorkspaces); err != nil {
		return err
	}
	skip, _, err := q.number("offset")
	if err != nil {
		return err
	}
	one := defaultWorkspace(at)
	out := workspaceList{Items: []wireWorkspace{}}
	name, enterprise := q.text("name"), q.text("enterprise_project_id")
	if (name == "" || name == one.Name) && (enterprise == "" || enterprise == one.Enterprise || enterprise == "all_granted_eps") {
		out.Total = 1
		if skip == 0 {
			out.Count, out.Items = 1, append(out.Items, one)
		}
	}
	return reply(w, r, http.StatusOK, out)
}

func (d *door) showWorkspace(w http.ResponseWriter, r *http.Request, at place) error {
	if name := r.PathValue("workspace"); name != workspace {
		return refuse(core.NotFound, http.StatusBadRequest, codeWorkspaceGone, "The workspace %s does not exist.", clip(name))
	}
	return reply(w, r, http.StatusOK, defaultWorkspace(at))
}
