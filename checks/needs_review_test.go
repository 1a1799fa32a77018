package checks

import "testing"

func TestReviewNeeds(t *testing.T) {
	withInterfaces, without := example(t), example(t)
	without.Interfaces = nil
	for _, tc := range []struct {
		why      string
		spoil    func(*Facts)
		with, no Needs // with interfaces in the contract, and without
	}{
		{"own paths", func(f *Facts) { touch(f, modified("src/components/search/a.ts")) }, Needs{Conversation: true, Surroundings: true}, Needs{}},
		{"nothing", func(*Facts) {}, Needs{}, Needs{}},
		{"a path of a class", func(f *Facts) { touch(f, modified("package-lock.json")) }, Needs{Conversation: true, Surroundings: true}, Needs{Conversation: true}},
		{"a path outside, which could be expanded", func(f *Facts) { touch(f, modified("src/a.ts")) }, Needs{Conversation: true, Surroundings: true}, Needs{Conversation: true}},
		{"a denied path helps nobody", func(f *Facts) { touch(f, modified(".env")) }, Needs{Conversation: true, Surroundings: true}, Needs{}},
		{"the contract", func(f *Facts) { touch(f, modified(".agentplane.yml")) }, Needs{Conversation: true, Surroundings: true, Proposal: true}, Needs{Conversation: true, Proposal: true}},
		{"a clone asks nobody", func(f *Facts) { f.Local = true; touch(f, modified("package-lock.json")) }, Needs{Surroundings: true}, Needs{}},
		{"changes that are not known", func(f *Facts) { f.Touched = nil }, Needs{}, Needs{}},
		{"changes that git refused", func(f *Facts) { f.Touched.Refused = &Refusal{Kind: RefusedUnrelated} }, Needs{}, Needs{}},
		{"a contract that was not found", func(f *Facts) { f.Contract.Kind = ContractUnreadable; touch(f, modified("package-lock.json")) }, Needs{}, Needs{}},
	} {
		f := goodFacts()
		f.Surroundings = nil
		tc.spoil(&f)
		if got := NeedsOf(withInterfaces, f); got.Conversation != tc.with.Conversation || got.Surroundings != tc.with.Surroundings || got.Proposal != tc.with.Proposal {
			t.Errorf("%s: %+v, want %+v", tc.why, got, tc.with)
		}
		if got := NeedsOf(without, f); got.Conversation != tc.no.Conversation || got.Surroundings != tc.no.Surroundings || got.Proposal != tc.no.Proposal {
			t.Errorf("%s, without interfaces: %+v, want %+v", tc.why, got, tc.no)
		}
	}
	for _, tc := range []struct {
		why    string
		path   string
		around Surroundings
		want   bool
	}{
		{"nobody touches an interface", "src/components/search/a.ts", Surroundings{}, false},
		{"it uses what a neighbor takes away", "src/components/search/a.ts", Surroundings{
			Neighbors: []Neighbor{{PR: 9, Agent: "metadata", Changes: []InterfaceChange{{Interface: "post-schema", Lost: []Lost{{Name: "tags", How: lostRemoved}}}}}},
			Mine:      []Use{{Name: "tags", Path: "src/components/search/a.ts", Line: 1}},
		}, true},
		{"not everybody could be looked at", "src/components/search/a.ts", Surroundings{Incomplete: "x"}, true},
		{"it changes the interface", "src/content/config.ts", Surroundings{}, true},
	} {
		f := goodFacts()
		touch(&f, modified(tc.path))
		f.Surroundings = &tc.around
		if got := reviewNeeds(withInterfaces, f); got.Conversation != tc.want {
			t.Errorf("%s: %+v, want the conversation: %v", tc.why, got, tc.want)
		}
	}
	f := goodFacts()
	touch(&f, added(".agentplane.yml"))
	if got := NeedsOf(nil, f); !got.Proposal || got.Conversation || got.Surroundings {
		t.Errorf("without a contract, a proposed one is read and nothing else: %+v", got)
	}
}
