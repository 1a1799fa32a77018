package checks

import "github.com/agentplane/agentplane/ownership"

// generated returns a function that says whether the .gitattributes of the base mark a path as generated. The head's
// are never asked: a pull request could hide its files with them.
func (j *judge) generated() func(path string) bool {
	class := j.classNamed(ownership.ClassGenerated)
	if !j.binds(class) || len(j.changes) == 0 {
		return func(string) bool { return false }
	}
	attributes := j.facts.Touched.Attributes
	if attributes == nil {
		j.unreadable("The .gitattributes of the base could not be read")
	}
	return byAttributes(attributes)
}

func byAttributes(files map[string]string) func(string) bool {
	return func(string) bool { return false }
}
