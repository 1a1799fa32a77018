//go:build !race

package ownership

// slowdown is how much slower the race detector makes parsing.
const slowdown = 1
