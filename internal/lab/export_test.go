package lab

// What the tests need to see of the inside.
var (
	WithoutStarting = withoutStarting
	Sweep           = sweep
)

// SetPolicy makes WithoutStarting use another file, until undo is called.
func SetPolicy(path string) (undo func()) {
	before := policy
	policy = path
	return func() { policy = before }
}

// TellHow is the error for somebody who cannot install what is missing.
func TellHow(names ...string) error {
	var missing []need
	for _, n := range needs {
		for _, name := range names {
			if n.name == name {
				missing = append(missing, n)
			}
		}
	}
	return tellHow(missing)
}
