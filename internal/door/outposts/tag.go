package outposts

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
)

// shownTags are always there, be they none.
func shownTags(tags map[string]string) map[string]string {
	if tags == nil {
		return map[string]string{}
	}
	return tags
}

// sorted lists a map's keys, so that what is wrong is told in one order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// repeatable is the idempotency key of a request by its whole body.
func repeatable(r *http.Request) *core.IdemKey { return idemKey(r, front.Body(r)) }

// tagged reads the ARN in the path.
func tagged(r *http.Request) (identifier, error) { return label(r, "arn", "ResourceArn", anyARN) }

func (i identifier) isSite() bool    { return strings.Contains(i.spelled, ":site/"+sitePrefix) }
func (i identifier) isOutpost() bool { return strings.Contains(i.spelled, ":outpost/"+outpostPrefix) }

// untaggable answers for an ARN of anything else: nothing else of ours has one.
func (i identifier) untaggable() error { return none("Resource", i.spelled) }

func (d *door) listTags(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	i, err := tagged(r)
	if err != nil {
		return err
	}
	var tags map[string]string
	err = d.core.View(r.Context(), who, func(s *core.Scene) error {
		switch {
		case i.isSite():
			one, err := findSite(s, i)
			tags = one.body.Tags
			return err
		case i.isOutpost():
			one, err := findOutpost(s, i)
			tags = one.body.Tags
			return err
		}
		return i.untaggable()
	})
	if err != nil {
		return err
	}
	return reply(w, r, tagsOutput{shownTags(tags)})
}

func (d *door) tag(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	in, err := readInput(r)
	if err != nil {
		return err
	}
	in.require("Tags")
	more := in.tags()
	if err := in.err(); err != nil {
		return err
	}
	return d.changeTags(w, r, who, repeatable(r), func(tags map[string]string) error {
		maps.Copy(tags, more)
		if len(tags) > mostTags {
			return invalid("A resource can have at most 50 tags.")
		}
		return nil
	})
}

func (d *door) untag(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	q := readQuery(r)
	keys := q.list("tagKeys", tagKey, mostTags)
	if len(keys) == 0 {
		q.add("tagKeys", "Member must not be null")
	}
	if err := q.err(); err != nil {
		return err
	}
	return d.changeTags(w, r, who, nil, func(tags map[string]string) error {
		for _, k := range keys {
			delete(tags, k)
		}
		return nil
	})
}

func (d *door) changeTags(w http.ResponseWriter, r *http.Request, who core.Actor, again *core.IdemKey, change func(map[string]string) error) error {
	i, err := tagged(r)
	if err != nil {
		return err
	}
	edit := func(tags *map[string]string) error {
		*tags = maps.Clone(shownTags(*tags))
		return change(*tags)
	}
	switch {
	case i.isSite():
		_, err = d.changeSiteDocument(r, who, i, again, func(_ *core.Scene, one *site) error { return edit(&one.body.Tags) })
	case i.isOutpost():
		_, err = d.changeOutpostDocument(r, who, i, again, func(one *outpost) error { return edit(&one.body.Tags) })
	default:
		err = i.untaggable()
	}
	if err != nil {
		return err
	}
	return reply(w, r, empty{})
}
