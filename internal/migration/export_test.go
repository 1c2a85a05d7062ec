package migration

// Remedy is remedy, for its fuzz target.
func Remedy(file string) string { return remedy(file) }

// Gaps names missing numbers.
var Gaps = gaps

// Reach names what a down file takes away beyond what was made.
var Reach = Script.reach

// Overwritten is overwritten.
func (m Migration) Overwritten(made []string) string { return m.overwritten(made) }

// Destroys names what an up file destroys.
var Destroys = Script.loss
