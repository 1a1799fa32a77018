package checks

import _ "embed" // for the schema

//go:embed report.schema.json
var reportSchema []byte

// ReportSchema returns the JSON Schema of a report's JSON form. The slice is the caller's.
func ReportSchema() []byte { return append([]byte(nil), reportSchema...) }
