package ownership

import "slices"

// The built-in classes.
const (
	ClassContract      = "contract"       // the contract itself; people only
	ClassCI            = "ci"             // what CI runs
	ClassLockfiles     = "lockfiles"      // which dependencies are installed
	ClassGenerated     = "generated"      // build output; more by .gitattributes
	ClassAgentConfig   = "agent-config"   // what coding agents are told and allowed
	ClassSecrets       = "secrets"        // denied unless the contract says who approves
	ClassDeploy        = "deploy"         // what runs in production
	ClassGitAttributes = "git-attributes" // how git and GitHub read the repository
	ClassLinks         = "links"          // symbolic links and submodules: by mode, not by path
)

// A builtin is a built-in class's default.
type builtin struct {
	name  string
	about string // for the reference
	deny  bool
	paths []string
}

// builtins returns the built-in classes. Their patterns also match after Fold.
// Names without a slash match at any depth: package managers, agents and
// deployment tools read them in subdirectories too.
func builtins() []builtin {
	return []builtin{
		{name: ClassContract, about: "the contract itself, in any spelling of its name; only a person can approve", paths: []string{
			FileName, ".agentplane.yaml",
		}},
		{name: ClassCI, about: "workflows, actions and the files of other CI services", paths: []string{
			"/.github/workflows/", "/.github/actions/", "action.yml", "action.yaml", "/.github/dependabot.yml", "/.github/dependabot.yaml",
			"/.gitlab-ci.yml", "/.circleci/", "/.travis.yml", "/azure-pipelines.yml", "/.azure-pipelines/", "/bitbucket-pipelines.yml",
			"/.buildkite/", "/.drone.yml", "/.woodpecker/", "/.woodpecker.yml", "/.cirrus.yml", "/.appveyor.yml", "/appveyor.yml",
			"Jenkinsfile", "/.teamcity/", "/.semaphore/", "/.forgejo/", "/.gitea/", "/.pre-commit-config.yaml", "/.husky/", "/lefthook.yml",
		}},
		{name: ClassLockfiles, about: "which dependencies are installed, and from where", paths: []string{
			"package-lock.json", "npm-shrinkwrap.json", ".npmrc", "yarn.lock", ".yarnrc", ".yarnrc.yml", "pnpm-lock.yaml", "bun.lock", "bun.lockb", "deno.lock",
			"go.sum", "go.work.sum", "Cargo.lock", "Gemfile.lock", "gems.locked", "composer.lock", "symfony.lock",
			"poetry.lock", "Pipfile.lock", "pdm.lock", "uv.lock", "pylock.toml", "pylock.*.toml", "pip.conf", "pixi.lock", "conda-lock.yml",
			"gradle.lockfile", "buildscript-gradle.lockfile", "/gradle/dependency-locks/", "gradle/verification-metadata.xml",
			"packages.lock.json", "project.assets.json", "paket.lock", "Package.resolved", "Podfile.lock", "Cartfile.resolved",
			"pubspec.lock", "mix.lock", "rebar.lock", "stack.yaml.lock", "cabal.project.freeze", "flake.lock", "npins/sources.json",
			"Manifest.toml", "renv.lock", "cpanfile.snapshot", "shard.lock", "nimble.lock", "vcpkg-lock.json", "conan.lock",
			"spago.lock", "dub.selections.json", "opam.locked", "*.opam.locked", "Chart.lock", "requirements.lock",
			".terraform.lock.hcl", "MODULE.bazel.lock", "maven_install.json", "buf.lock", "devbox.lock", "mise.lock", "aqua-checksums.json",
		}},
		{name: ClassGenerated, about: "known build output, and what .gitattributes marks linguist-generated", paths: []string{
			"node_modules/", "bower_components/", "dist/", ".next/", ".nuxt/", ".svelte-kit/", ".astro/", ".output/", ".turbo/", ".parcel-cache/",
			"*.min.js", "*.min.css", "*.min.mjs", "*.js.map", "*.css.map", "*.pb.go", "*_pb2.py", "*_pb2_grpc.py", "*_pb2.pyi", "*.pb.cc", "*.pb.h",
			"*_pb.js", "*_pb.d.ts", "*_pb.ts", "*_generated.go", "zz_generated.*.go", "*.g.dart", "*.freezed.dart", "*.designer.cs", "*.g.cs",
			"__generated__/", "__pycache__/", "*.pyc", "*.egg-info/", "*.tsbuildinfo", "coverage/",
		}},
		{name: ClassAgentConfig, about: "instructions, permissions and tools of coding agents", paths: []string{
			"CLAUDE.md", "CLAUDE.local.md", "AGENTS.md", "AGENT.md", "AGENTS.override.md", "GEMINI.md", "QWEN.md", ".claude/", ".claude.json", ".mcp.json", "mcp.json",
			".cursor/", ".cursorrules", ".cursorignore", ".codex/", ".agents/", ".gemini/", ".qwen/", "/.github/copilot*", "/.github/instructions/",
			"/.github/prompts/", "/.github/chatmodes/", "/.github/agents/", "/.github/hooks/", "/.github/skills/", "*.instructions.md",
			".windsurf/", ".windsurfrules", ".clinerules", ".roo/", ".roorules*", ".roomodes", ".kilocode/", ".continue/", ".aider*", ".devin/", ".openhands/", ".opencode/",
			"opencode.json", "opencode.jsonc", ".junie/", ".kiro/", ".amp/", ".augment/", ".augment-guidelines", ".goosehints", ".goose/", ".factory/", ".trae/", ".zed/", ".rules", ".jules/", ".vscode/mcp.json",
		}},
		{name: ClassSecrets, about: "files that hold secrets", deny: true, paths: []string{
			".env*", "*.env", ".dev.vars", ".dev.vars.*", "*.pem", "*.key", "*.p12", "*.pfx", "*.p8", "*.jks", "*.keystore", "*.kdbx", "*.ppk", "*.asc.key",
			"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk", ".pypirc", ".netrc", "_netrc", ".htpasswd", ".git-credentials", ".pgpass", ".my.cnf", ".dockercfg",
			".docker/config.json", ".aws/credentials", ".ssh/", ".gnupg/", ".kube/config", "kubeconfig", "credentials.json", "service-account*.json", "secrets.json", "secrets.yml", "secrets.yaml",
			"*.tfstate", "*.tfstate.*", "master.key", ".vault-token", ".vault_pass", ".terraformrc",
		}},
		{name: ClassDeploy, about: "what is built for and run in production", paths: []string{
			"Dockerfile", "Dockerfile.*", "*.Dockerfile", "Containerfile", ".dockerignore", "docker-compose*.yml", "docker-compose*.yaml", "compose.yml", "compose.yaml", "compose.*.yml", "compose.*.yaml",
			"*.tf", "*.tf.json", "*.tfvars", "*.tfvars.json", "*.hcl", "Pulumi.yaml", "Pulumi.*.yaml", "cdk.json", "serverless.yml", "serverless.yaml", "template.sam.yaml", "samconfig.toml",
			"Chart.yaml", "helmfile.yaml", "kustomization.yaml", "kustomization.yml", "skaffold.yaml", "Tiltfile", "/k8s/", "/kubernetes/", "/helm/", "/charts/", "/terraform/", "/deploy/", "/deployment/", "/.argocd/",
			"wrangler.toml", "wrangler.json", "wrangler.jsonc", "vercel.json", "netlify.toml", "fly.toml", "render.yaml", "railway.json", "railway.toml", "app.yaml", "Procfile", "firebase.json", "appspec.yml", "/.do/", "/.platform/", "/.ebextensions/",
			".goreleaser.yml", ".goreleaser.yaml", "/.changeset/config.json", ".releaserc", ".releaserc.*",
		}},
		{name: ClassGitAttributes, about: "how git, GitHub and reviewers read the repository", paths: []string{
			".gitattributes", ".gitmodules", ".lfsconfig", "CODEOWNERS",
		}},
		{name: ClassLinks, about: "symbolic links and submodules; decided by the mode of an entry, not by its path"},
	}
}

// builtinNames lists the built-in classes.
func builtinNames() []string {
	var names []string
	for _, b := range builtins() {
		names = append(names, b.name)
	}
	return names
}

// BuiltinClasses returns the built-in classes as they are when a contract does
// not mention them.
func BuiltinClasses() []Class {
	var classes []Class
	for _, b := range builtins() {
		classes = append(classes, b.class())
	}
	return classes
}

// class compiles a built-in class. Its patterns compile: a test holds that.
func (b builtin) class() Class {
	c := Class{Name: b.name, Builtin: true, Deny: b.deny}
	for _, s := range b.paths {
		if p, err := CompilePattern(s); err == nil {
			c.Paths = append(c.Paths, Claim{Pattern: p})
		}
	}
	c.Paths = slices.Clip(c.Paths)
	return c
}
