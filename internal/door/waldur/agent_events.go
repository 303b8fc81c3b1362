package waldur

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// Subscriptions to events, and their queues, are kept by name like agents are. Nothing is
// sent to them: there is no broker here, and register_queue says so.

const (
	kindSubscription = "waldur.event_subscription" // parent: the identity
	kindQueue        = "waldur.event_queue"        // parent: the subscription
)

// observed are the kinds of records that one may ask to hear of.
var observed = []string{"order", "user_role", "resource", "importable_resources", "service_account", "course_account", "resource_periodic_limits", "offering_user",
	"offering_resources_sync", "resource_api_key_rotation", "user_lifecycle", "user_profile", "user_ssh_key", "resource_end_date_change_request"}

func (d *door) subscriptionOperations() []operation {
	const one = "/api/event-subscriptions/{uuid}/"
	return []operation{
		{"event_subscriptions_create_queue", "POST", one + "create_queue/", d.createQueue, false},
		{"event_subscriptions_destroy", "DELETE", one, d.destroySubscription, false},
	}
}

// subscription is a user's wish to hear of a kind of record in an offering.
type subscription struct {
	doc core.Document
	subscriptionBody
}

type subscriptionBody struct {
	Offering    id.ID     `json:"offering"`
	User        id.ID     `json:"user"`
	Object      string    `json:"object"`
	Description string    `json:"description,omitempty"`
	Modified    time.Time `json:"modified"`
}

func subscriptionOf(d core.Document) subscription {
	return subscription{d, attrs[subscriptionBody](d.Body)}
}

func ofSubscription(read func(s subscription) any) func(*view, subscription) any {
	return func(_ *view, s subscription) any { return read(s) }
}

func (v *view) subscriptionLink(i id.ID) string { return v.agentLink("event-subscriptions", i) }

var subscriptionModel = model[subscription]{
	{name: "uuid", value: ofSubscription(func(s subscription) any { return s.doc.ID.UUID(id.Document) })},
	{name: "url", value: func(v *view, s subscription) any { return v.subscriptionLink(s.doc.ID) }},
	{name: "user", value: func(v *view, s subscription) any { return v.userLink(s.User) }},
	{name: "user_uuid", value: ofSubscription(func(s subscription) any { return s.User.UUID(id.User) })},
	{name: "user_username", value: func(v *view, s subscription) any { return v.user(s.User).Login }},
	{name: "user_full_name", value: func(v *view, s subscription) any { return v.user(s.User).FullName }},
	{name: "created", value: ofSubscription(func(s subscription) any { return stamp(s.doc.ID.Time()) })},
	{name: "modified", value: ofSubscription(func(s subscription) any { return stamp(s.Modified) })},
	{name: "source_ip", value: func(*view, subscription) any { return nil }},
	{name: "description", value: ofSubscription(func(s subscription) any { return s.Description })},
	{name: "observable_objects", value: ofSubscription(func(s subscription) any {
		return []map[string]string{{"object_type": s.Object, "offering_uuid": s.Offering.UUID(id.Offering)}}
	})},
}

// registerQueue is refused: agents then go on by looking for themselves, as they were made to.
func (d *door) registerQueue(_ http.ResponseWriter, r *http.Request, who core.Actor) error {
	err := d.read(r, who, func(v *view) error {
		_, err := v.servingDocument(kindIdentity, v.named(id.Document), agentOffering)
		return err
	})
	if err != nil {
		return err
	}
	return refuse(http.StatusNotFound, detail("This server has no message broker: set stomp_enabled to false and run the polling modes."))
}

func (d *door) registerSubscription(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	parent, b, err := d.registration(r, who, kindIdentity)
	if err != nil {
		return err
	}
	object, description := b.choice("observable_object_type", true, observed...), b.text("description", false, 2000)
	if err := b.done(); err != nil {
		return err
	}
	key := core.DocumentKey{Kind: kindSubscription, Customer: parent.Customer, Name: parent.ID.Base36() + "/" + who.User.ID.Base36() + "/" + object}
	doc, made, err := d.core.KeepDocument(r.Context(), who, key, func(_ *core.Scene, doc *core.Document) error {
		s := subscriptionOf(*doc)
		if doc.Rev != 0 && (s.Description == description || !b.given("description")) {
			return nil
		}
		doc.Parent = parent.ID
		doc.Body, _ = json.Marshal(subscriptionBody{agentOffering(parent), who.User.ID, object, description, d.core.Now()}) // texts, numbers and a time
		return nil
	})
	if err != nil {
		return err
	}
	var out any
	if err := d.read(r, who, func(v *view) error { out = subscriptionModel.object(v, subscriptionOf(doc), nil); return nil }); err != nil {
		return err
	}
	return reply(w, registered{made: made}.status(), out)
}

// subscription returns one's own; staff any.
func (v *view) subscription(i id.ID) (subscription, error) {
	d, err := v.ShownDocument(kindSubscription, i)
	s := subscriptionOf(d)
	if err == nil && s.User != v.who.User.ID && !(v.who.SeesWide() && v.who.IsStaff()) {
		return s, noDocument(kindSubscription, i, nil)
	}
	return s, noDocumentOr(kindSubscription, i, err)
}

// noDocumentOr is noDocument where something was wrong.
func noDocumentOr(kind string, i id.ID, err error) error {
	if err == nil {
		return nil
	}
	return noDocument(kind, i, err)
}

func (d *door) destroySubscription(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	i := named(r, id.Document)
	if err := d.read(r, who, func(v *view) error { _, err := v.subscription(i); return err }); err != nil {
		return err
	}
	now := d.core.Now()
	_, err := d.core.ChangeShownDocument(r.Context(), who, kindSubscription, i, func(_ *core.Scene, doc *core.Document) error {
		doc.RemovedAt = &now
		return nil
	})
	if err != nil {
		return err
	}
	return empty(w, http.StatusNoContent)
}

// createQueue keeps the name of a subscription's queue.
func (d *door) createQueue(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	var s subscription
	err := d.read(r, who, func(v *view) (err error) { s, err = v.subscription(v.named(id.Document)); return err })
	if err != nil {
		return err
	}
	b, err := readBody(r)
	if err != nil {
		return err
	}
	offering, object := b.uuid("offering_uuid", true, id.Offering), b.choice("object_type", true, observed...)
	if err := b.done(); err != nil {
		return err
	}
	if err := d.read(r, who, func(v *view) error { _, err := v.providing(offering); return b.unknownUUID("offering_uuid", err) }); err != nil {
		return err
	}
	key := core.DocumentKey{Kind: kindQueue, Customer: s.doc.Customer, Name: s.doc.ID.Base36() + "/" + offering.Base36() + "/" + object}
	doc, made, err := d.core.KeepDocument(r.Context(), who, key, func(_ *core.Scene, doc *core.Document) error {
		doc.Parent, doc.Body = s.doc.ID, json.RawMessage("{}")
		return nil
	})
	if err != nil {
		return err
	}
	var out map[string]any
	err = d.read(r, who, func(v *view) error {
		name := "subscription_" + s.doc.ID.UUID(id.Document) + "_offering_" + offering.UUID(id.Offering) + "_" + object
		out = map[string]any{"uuid": doc.ID.UUID(id.Document), "url": v.agentLink("event-subscription-queues", doc.ID), "event_subscription": v.subscriptionLink(s.doc.ID),
			"event_subscription_uuid": s.doc.ID.UUID(id.Document), "offering_uuid": offering.UUID(id.Offering), "object_type": object, "queue_name": name,
			"vhost": s.User.UUID(id.User), "created": stamp(doc.ID.Time())}
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, registered{made: made}.status(), out)
}

// unknownUUID words that a field's UUID names nothing; other failures stay what they are.
func (b *body) unknownUUID(field string, err error) error {
	if err == nil || core.KindOf(err) != core.NotFound {
		return err
	}
	s, _ := asText(b.fields[field])
	return fieldError(field, "Object with uuid=%s does not exist.", s)
}
