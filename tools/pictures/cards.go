package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A card is a box of the picture of all resources: the part of a component that
// is of one kind.
type card struct {
	title string
	kind  kind
	owner *resource // the API or the client, nil for what has no parent
	rows  []*resource
	needs []*card // without those that another one of them needs
}

// A kind is what a card's resources are for, and the colours of the card.
type kind struct {
	noun, ground string
	order        int // among the cards of an owner
}

var (
	ofStack      = kind{"stack", "plain", 0}
	ofServer     = kind{"server", "api", 1}
	ofIdentity   = kind{"identity", "entra", 2}
	ofVault      = kind{"vault", "plain", 3}
	ofAssignment = kind{"assignment", "role", 4}
	ofFunctions  = kind{"functions", "client", 5}
)

// kindOf says which card a resource is on, and which API or client owns that.
func kindOf(r *resource) (kind, *resource, error) {
	if r.parent == nil {
		return ofStack, nil, nil
	}
	owner := r.parent
	inApp := owner.noun() == "FunctionApp"
	if inApp {
		owner = owner.parent
	}
	switch {
	case owner == nil || owner.noun() != "API" && owner.noun() != "Client":
		return kind{}, nil, fmt.Errorf("%s: expected it in an API or a Client, or in a FunctionApp of one, got %s; fix: give the component a kind in tools/pictures/cards.go", r.key(), r.parent.key())
	case inApp:
		return ofFunctions, owner, nil
	case owner.noun() == "API":
		return ofServer, owner, nil
	case r.noun() == "AppRoleAssignment":
		return ofAssignment, owner, nil
	case isVault(r) || slices.ContainsFunc(r.needs, isVault):
		return ofVault, owner, nil
	}
	return ofIdentity, owner, nil
}

func isVault(r *resource) bool { return r.noun() == "Vault" }

// cardsOf deals the resources to cards: first what has no parent, then the APIs'
// and then the clients', each by kind.
func cardsOf(resources []*resource) ([]*card, error) {
	byTitle := make(map[string]*card)
	cardOf := make(map[*resource]*card)
	for _, r := range resources {
		if r.component() {
			continue
		}
		k, owner, err := kindOf(r)
		if err != nil {
			return nil, err
		}
		title := k.noun
		if owner != nil {
			title += " of " + owner.name
		}
		if byTitle[title] == nil {
			byTitle[title] = &card{title: title, kind: k, owner: owner}
		}
		cardOf[r] = byTitle[title]
		cardOf[r].rows = append(cardOf[r].rows, r)
	}
	cards := slices.SortedFunc(maps.Values(byTitle), func(a, b *card) int {
		return cmp.Or(strings.Compare(ownerName(a), ownerName(b)), cmp.Compare(a.kind.order, b.kind.order))
	})
	for _, c := range cards {
		slices.SortFunc(c.rows, func(a, b *resource) int {
			return cmp.Or(cmp.Compare(a.step, b.step), strings.Compare(a.key(), b.key()))
		})
		for _, r := range c.rows {
			for _, needed := range r.needs {
				if other := cardOf[needed]; other != c && !slices.Contains(c.needs, other) {
					c.needs = append(c.needs, other)
				}
			}
		}
	}
	reduce(cards)
	return cards, nil
}

// ownerName sorts cards: those without an owner, APIs, clients.
func ownerName(c *card) string {
	if c.owner == nil {
		return ""
	}
	return c.owner.noun() + " " + c.owner.name
}

// reduce leaves out the needs that follow from others. Only needs of earlier cards
// count for that, so circles do no harm; needs of later ones stay.
func reduce(cards []*card) {
	all := make(map[*card]map[*card]bool) // the earlier cards that each needs, at whatever distance
	for i, c := range cards {
		all[c] = make(map[*card]bool)
		for _, needed := range c.needs {
			if slices.Contains(cards[:i], needed) {
				all[c][needed] = true
				maps.Copy(all[c], all[needed])
			}
		}
	}
	for _, c := range cards {
		direct := slices.Clone(c.needs)
		c.needs = slices.DeleteFunc(c.needs, func(needed *card) bool {
			return slices.ContainsFunc(direct, func(other *card) bool { return all[c][other] && all[other][needed] })
		})
		slices.SortFunc(c.needs, func(a, b *card) int { return strings.Compare(a.title, b.title) })
	}
}
