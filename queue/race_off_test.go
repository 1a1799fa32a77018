//go:build !race

package queue

const usualWorlds = 20_000
