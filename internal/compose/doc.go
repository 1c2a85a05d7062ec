// Package compose runs compose files through the program of that name: version
// 2 as the docker command's plugin, or version 1 where only that is installed.
//
// It promises that both get arguments that they understand, that what a
// deployment changes is a file of its own, merged last and gone afterwards, and
// that no variable of the compose files is in the arguments. It never removes a
// volume. It refuses to guess how a project is: that is asked of the engine.
package compose
