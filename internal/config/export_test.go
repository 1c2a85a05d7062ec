package config

// What the tests load in place of File, so that they do not depend on it.
var (
	LoadInto    = load
	LenientInto = loadLenient
	KeysIn      = keysIn
	SchemaOf    = schemaOf
)
