//go:build race

package queue

// The race detector makes a world about ten times as slow, and there is nothing here to race.
const usualWorlds = 1_000
