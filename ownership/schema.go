package ownership

import (
	"bytes"
	_ "embed" // schema.json
)

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema of the contract, for editors. Its descriptions are
// the reference in docs/contract.md.
//
// What it accepts can still be refused by Parse: a schema cannot see names
// that do not exist, branches that two agents match, agents that wait for each
// other, an integration branch that is also the target or an agent's, accounts
// that differ in case only, lengths in bytes, invisible characters, Unicode
// normal form, more than eight ** in a pattern, the number of all patterns,
// the range of a timeout, and how the file is written: its size, encoding,
// duplicate keys, anchors, aliases, tags and further documents.
func Schema() []byte { return bytes.Clone(schema) }
