package github

import "time"

// Hurry makes the pauses between tries short.
func Hurry() { pause = 10 * time.Millisecond }

// UploadTarget is where a file goes.
var UploadTarget = uploadTarget
