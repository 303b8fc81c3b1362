package record

import (
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

var events = newTable("events", 1, "pos, at, kind, customer_id, subject_id, order_id, made_by, body", func(f *Fields, e *core.Event) {
	num(f, &e.Pos)
	at(f, &e.At)
	text(f, &e.Kind)
	num(f, &e.Customer)
	num(f, &e.Subject)
	num(f, &e.Order)
	num(f, &e.By)
	raw(f, &e.Body)
})

func (r *Reader) Events(q core.EventQuery) ([]core.Event, error) {
	var w where
	w.and("e.pos > ?", num64(q.After))
	in(&w, "e.customer_id", q.Customers)
	is(&w, "e.subject_id", q.Subject)
	words(&w, "e.kind", q.Kinds)
	w.args = append(w.args, num64(pageLimit(q.Limit)))
	return shaped(r, events, "e", "events e", &w, " ORDER BY e.pos LIMIT ? + 0")
}

func (r *Reader) LastEvent() (int64, error) {
	var w where
	last, err := shaped(r, events, "e", "events e", &w, " ORDER BY e.pos DESC LIMIT 1")
	if err != nil || len(last) == 0 {
		return 0, err
	}
	return last[0].Pos, nil
}

// WriteEvent writes an event at the position that the store gave it.
func (tx *Tx) WriteEvent(e core.Event) error {
	_, err := write(tx, events, events.insert, &e)
	return err
}

var jobs = newTable("jobs", 2, "subject_id, kind, run_at, attempt, last_error, since", func(f *Fields, j *core.Job) {
	num(f, &j.Subject)
	text(f, &j.Kind)
	at(f, &j.RunAt)
	num(f, &j.Attempt)
	text(f, &j.LastError)
	optAt(f, &j.Since)
})

var jobByKey = jobs.guard("WHERE subject_id = ?1 AND kind = ?2")

func (r *Reader) Job(subject id.ID, kind string) (core.Job, error) {
	return jobByKey.one(r, "job", subject, num64(subject), str(kind))
}

func (r *Reader) DueJobs(kinds []string, now time.Time, n int) ([]core.Job, error) {
	var w where
	w.and("j.run_at <= ?", num64(now.UnixMicro()))
	words(&w, "j.kind", kinds)
	w.args = append(w.args, num64(pageLimit(n)))
	return shaped(r, jobs, "j", "jobs j", &w, " ORDER BY j.run_at, j.subject_id, j.kind LIMIT ? + 0")
}

func (r *Reader) NextJob(kinds []string) (time.Time, error) {
	var w where
	words(&w, "j.kind", kinds)
	found, err := shaped(r, jobs, "j", "jobs j", &w, " ORDER BY j.run_at LIMIT 1")
	if err != nil {
		return time.Time{}, err
	}
	if len(found) == 0 {
		return time.Time{}, &core.Error{Kind: core.NotFound, About: core.Ref{Kind: "job"}, Msg: "There is no such job."}
	}
	return found[0].RunAt, nil
}

func (tx *Tx) PutJob(j core.Job) error { return put(tx, jobs, &j) }

func (tx *Tx) DeleteJob(subject id.ID, kind string, attempt int) (bool, error) {
	n, err := tx.Exec("delete job", "DELETE FROM jobs WHERE subject_id = ?1 AND kind = ?2 AND (?3 < 0 OR attempt = ?3)",
		with(num64(subject), str(kind), num64(attempt)))
	return n > 0, err
}

var documents = newTable("documents", 1, "id, kind, customer_id, project_id, parent_id, name, state, rev, body, removed_at, alias",
	func(f *Fields, d *core.Document) {
		num(f, &d.ID)
		text(f, &d.Kind)
		num(f, &d.Customer)
		num(f, &d.Project)
		num(f, &d.Parent)
		text(f, &d.Name)
		text(f, &d.State)
		num(f, &d.Rev)
		raw(f, &d.Body)
		optAt(f, &d.RemovedAt)
		text(f, &d.Alias)
	})

var documentByID = documents.guard("WHERE id = ?1")

func (r *Reader) Document(i id.ID) (core.Document, error) {
	return documentByID.byID(r, "document", i)
}

func (r *Reader) Documents(q core.DocumentQuery) ([]core.Document, error) {
	return list(r, documents, "d", "documents d", documentFilters(q), q.Page, sorting{id: "d.id"})
}

func (r *Reader) CountDocuments(q core.DocumentQuery) (int, error) {
	return count(r, "documents d", "d.id", documentFilters(q))
}

func documentFilters(q core.DocumentQuery) *where {
	w := &where{}
	kind := "d.kind"
	if len(q.Parents) > 0 { // few of a kind are of some parents: no index on the kind may be taken for them
		kind = "d.kind || ''"
	}
	w.text(kind, q.Kind)
	in(w, "d.customer_id", q.Customers)
	in(w, "d.project_id", q.Projects)
	if q.Parent != 0 {
		is(w, "d.parent_id", q.Parent)
	}
	in(w, "d.parent_id", q.Parents)
	if q.Parent != 0 || len(q.Parents) > 0 {
		w.and("d.parent_id <> 0") // what documents_parent holds
	}
	w.text("d.name", q.Name)
	w.text("d.alias", q.Alias)
	if q.Alias != "" {
		w.and("d.alias <> ''") // what documents_alias holds
	}
	if q.Name != "" {
		w.and("d.name <> ''") // what documents_name holds
	}
	w.text("d.state", q.State)
	if !q.Removed {
		w.and("d.removed_at IS NULL")
	}
	return w
}

func (tx *Tx) PutDocument(d core.Document) error {
	return putRev(tx, documents, &d, &d.Rev, core.Ref{Kind: "document", ID: d.ID})
}

// setting is a row of meta.
type setting struct{ name, value string }

var meta = newTable("meta", 1, "name, value", func(f *Fields, m *setting) {
	text(f, &m.name)
	text(f, &m.value)
})

var metaByName = meta.where("WHERE name = ?1")

func (r *Reader) Meta(name string) (string, error) {
	found, err := metaByName.all(r, str(name))
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0].value, nil
}

func (tx *Tx) PutMeta(name, value string) error { return put(tx, meta, &setting{name, value}) }
