package git

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// setting is one configuration entry of a child.
type setting struct{ key, value string }

// baseSettings hold for every child. They are handed over in the environment,
// where other users cannot read them, and beat every configuration file.
//
// Rename detection is pinned to what git before 2.41 cannot be told to
// change, so that every version finds the same merge: what a rename moves is
// judged where it lands and where it came from.
var baseSettings = []setting{
	{"core.hooksPath", "/dev/null"},
	{"core.fsmonitor", "false"},
	{"core.attributesFile", "/dev/null"},
	{"core.excludesFile", "/dev/null"},
	{"core.symlinks", "false"},
	{"core.protectHFS", "true"},
	{"core.protectNTFS", "true"},
	{"core.precomposeUnicode", "false"},
	{"core.commitGraph", "false"},
	{"core.alternateRefsCommand", "true"},
	{"core.pager", "cat"},
	{"core.packedGitWindowSize", "32m"},
	{"core.packedGitLimit", "256m"},
	{"core.deltaBaseCacheLimit", "32m"},
	{"core.bigFileThreshold", "16m"},
	{"core.fsync", "none"},
	{"pack.threads", "1"},
	{"pack.window", "0"},
	{"index.threads", "1"},
	{"credential.helper", ""},
	{"protocol.allow", "never"},
	{"http.followRedirects", "false"},
	{"http.lowSpeedLimit", "1000"},
	{"http.lowSpeedTime", "30"},
	{"transfer.fsckObjects", "true"},
	{"fetch.fsckObjects", "true"},
	{"fetch.unpackLimit", "1"},
	{"fetch.recurseSubmodules", "false"},
	{"fetch.writeCommitGraph", "false"},
	{"transfer.credentialsInUrl", "die"},
	{"transfer.bundleURI", "false"},
	{"submodule.recurse", "false"},
	{"push.recurseSubmodules", "no"},
	{"push.gpgSign", "false"},
	{"commit.gpgSign", "false"},
	{"log.mailmap", "false"},
	{"gc.auto", "0"},
	{"maintenance.auto", "false"},
	{"safe.bareRepository", "explicit"},
	{"merge.renames", "true"},
	{"merge.renameLimit", "7000"},
	{"merge.directoryRenames", "conflict"},
	{"merge.conflictStyle", "merge"},
	{"merge.renormalize", "false"},
	{"diff.renames", "false"},
	{"diff.external", ""},
}

// toleratedFsck are flaws of old, honest histories that git's checks would
// reject: identity lines of commits, which decide nothing here, and file modes
// written with a leading zero, which git reads as it reads the others.
var toleratedFsck = []string{
	"badTimezone", "missingSpaceBeforeDate", "missingSpaceBeforeEmail", "missingNameBeforeEmail",
	"missingEmail", "badName", "badEmail", "zeroPaddedDate", "multipleAuthors", "missingTaggerEntry", "zeroPaddedFilemode",
}

// environ builds a child's environment from nothing.
func (x *runner) environ(c command) []string {
	env := []string{"PATH=" + x.path, "HOME=/nonexistent", "XDG_CONFIG_HOME=/nonexistent", "LC_ALL=C", "TZ=UTC", "MALLOC_ARENA_MAX=2"}
	if c.program != "" {
		return env
	}
	env = append(env,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=/bin/false", "SSH_ASKPASS=/bin/false",
		"GIT_PROTOCOL_FROM_USER=0", "GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1",
		"GIT_OPTIONAL_LOCKS=0", "GIT_LITERAL_PATHSPECS=1", "GIT_ADVICE=0",
		"GIT_ALLOW_PROTOCOL="+c.protocol,
	)
	if c.dir.git != "" {
		env = append(env, "GIT_DIR="+c.dir.git)
	}
	if c.dir.alternate != "" {
		env = append(env, "GIT_ALTERNATE_OBJECT_DIRECTORIES="+quoteObjects(c.dir.alternate))
	}
	settings := baseSettings
	if c.protocol != "" {
		settings = append(settings[:len(settings):len(settings)], setting{"protocol." + c.protocol + ".allow", "always"})
	}
	settings = append(settings[:len(settings):len(settings)], x.settings...)
	settings = append(settings, c.settings...)
	env = append(env, "GIT_CONFIG_COUNT="+strconv.Itoa(len(settings)))
	for i, s := range settings {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, s.key), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, s.value))
	}
	return append(env, c.env...)
}

// quoteObjects quotes an object directory for GIT_ALTERNATE_OBJECT_DIRECTORIES,
// which is a list: a separator in a name would start another directory.
func quoteObjects(dir string) string {
	if !strings.ContainsAny(dir, "\"\\\n"+string(filepath.ListSeparator)) {
		return dir
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(dir) + `"`
}

// authorization returns the setting that sends token to exactly url, and the
// values that must not appear in any message.
func authorization(url, token string) (setting, []string) {
	basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
	return setting{"http." + url + ".extraHeader", "Authorization: Basic " + basic}, []string{token, basic}
}

// fsckSettings tolerates what toleratedFsck names, for "fetch" or "receive".
func fsckSettings(side string) []setting {
	var out []setting
	for _, id := range toleratedFsck {
		out = append(out, setting{side + ".fsck." + id, "ignore"})
	}
	return out
}
