package review

import "slices"

// Shapes are the ids of the rules about what code may use or miss.
func Shapes() []string { return slices.Concat(removals, demands) }
