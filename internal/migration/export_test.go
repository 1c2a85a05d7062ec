package migration

// Remedy is remedy, for its fuzz target.
func Remedy(file string) string { return remedy(file) }
