package provider

// Rights are all of a caller that an answer can depend on, but for which
// process it is. Callers with equal ones get equal answers about others.
type Rights struct {
	Credentials
	User  Namespace // its user namespace
	Boxed bool      // it may be sandboxed
	Label string    // a security module's
	Root  string    // its root directory as we see it, "" for ours

	rooted bool // Root was read, so the answer may depend on it
}

// Rights of the caller, as far as they have been needed, and whether any have
// been yet. Whether another has the same is asked with Holds.
func (c *Caller) Rights() (rights Rights, asked bool) {
	return Rights{c.cred, c.user, c.boxed, c.label, c.root, c.rooted}, c.loaded
}

// Holds reports whether the caller has these rights, or all of them that were
// needed: then what they gave to another is the same for it.
func (c *Caller) Holds(r Rights) bool {
	if c.who() != nil || r.rooted && c.loadRoot() != nil {
		return false
	}
	own, _ := c.Rights()
	if !r.rooted {
		own.Root, own.rooted = "", false
	}
	return own == r
}
