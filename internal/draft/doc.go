// Package draft writes the first configuration and the first workflow of an
// application, from what its compose files and its checkout say.
//
// It promises that what it cannot know is not guessed: FillIn stands there, which no
// configuration is accepted with, and a comment says what goes in its place. No value
// of a variable is written but the name of a queue and an address that is listened
// at, since compose fills in secrets, too. It reads, and writes nothing.
package draft
