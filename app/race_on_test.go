//go:build race

package app_test

// raceDetector tells that the tests run under it.
const raceDetector = true
