package ownership

// A RulingKind is what an agent's relation to a path is.
type RulingKind uint8

// The kinds. The zero kind is the one that says least.
const (
	// Unjudged: git could not hold the path, or judging it was too costly.
	// Reason says which. It never passes.
	Unjudged RulingKind = iota
	// Owned: the agent owns the path, no class asks for an approval, and no
	// other agent owns it, or it is shared. The only kind that passes.
	Owned
	// Never: the agent's own never forbids it. No approval helps.
	Never
	// Classed: one or several classes decide. It needs their approvals, and
	// nothing helps when one of them denies.
	Classed
	// Overlap: the agent owns it, another one too, and it is not shared.
	Overlap
	// OwnedByOther: another agent owns it.
	OwnedByOther
	// Unowned: no agent owns it.
	Unowned
)

// String is the kind in a word or two.
func (k RulingKind) String() string {
	names := [...]string{"unjudged", "owned", "never", "classed", "overlap", "owned by another", "unowned"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// A Role is which list a claim stands in.
type Role uint8

// The roles, strongest first.
const (
	RoleNever Role = iota
	RoleClass
	RoleOwns
	RoleShared
	RoleInterface
)

// String is the contract's key for the role.
func (r Role) String() string {
	return [...]string{"never", "class", "owns", "shared", "interface"}[r]
}

// A Hit is one claim that matches a path.
type Hit struct {
	Role      Role
	Agent     string     // of owns and never
	Class     *Class     // of a class
	Interface *Interface // of an interface
	Claim     *Claim
}

// A Ruling is the answer for one path and one agent, with every claim that
// matches and the one that decided. Its slices are shared with other rulings:
// read-only.
type Ruling struct {
	Path       string
	Kind       RulingKind
	By         *Claim       // the deciding claim; nil for Unowned and Unjudged
	Owner      string       // the other agent that owns it, where there is one
	Owners     []string     // all agents that own it, in the contract's order
	Classes    []*Class     // all classes it is in
	Interfaces []*Interface // all interfaces it belongs to
	Shared     bool         // a claim of shared covers it
	Hits       []Hit        // all claims that match, of every agent, strongest role first
	Reason     string       // why it is Unjudged
}

// Allowed tells whether the agent may change the path without anyone's
// approval. Only Owned is.
func (r Ruling) Allowed() bool { return r.Kind == Owned }

// Denied returns the first class that denies the change, or nil.
func (r Ruling) Denied() *Class {
	for _, c := range r.Classes {
		if c.Deny {
			return c
		}
	}
	return nil
}

// decide makes an agent's ruling from all hits. A nil agent owns nothing.
func decide(a *Agent, hits []Hit) Ruling {
	r := Ruling{Hits: hits}
	var never, owns, class, other *Claim
	for i := range hits {
		h := &hits[i]
		mine := a != nil && h.Agent == a.Name
		switch h.Role {
		case RoleNever:
			never = first(never, h.Claim, mine)
		case RoleClass:
			class = first(class, h.Claim, true)
			r.Classes = appendNew(r.Classes, h.Class)
		case RoleOwns:
			owns = first(owns, h.Claim, mine)
			other = first(other, h.Claim, !mine)
			r.Owners = appendNew(r.Owners, h.Agent)
			if !mine && r.Owner == "" {
				r.Owner = h.Agent
			}
		case RoleShared:
			r.Shared = true
		case RoleInterface:
			r.Interfaces = appendNew(r.Interfaces, h.Interface)
		}
	}
	switch {
	case never != nil:
		r.Kind, r.By = Never, never
	case class != nil:
		r.Kind, r.By = Classed, class
	case owns != nil && r.Owner != "" && !r.Shared:
		r.Kind, r.By = Overlap, owns
	case owns != nil:
		r.Kind, r.By = Owned, owns
	case other != nil:
		r.Kind, r.By = OwnedByOther, other
	default:
		r.Kind = Unowned
	}
	return r
}

// first keeps the earlier claim that counts.
func first(kept, next *Claim, counts bool) *Claim {
	if kept == nil && counts {
		return next
	}
	return kept
}

// appendNew appends what is not the last element already: hits of one role
// stand in the contract's order.
func appendNew[T comparable](list []T, item T) []T {
	if len(list) > 0 && list[len(list)-1] == item {
		return list
	}
	return append(list, item)
}
