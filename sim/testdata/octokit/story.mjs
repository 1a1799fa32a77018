// An App written with octokit.js, against the simulator. It reads where the simulator is and which webhooks arrived from
// standard input, and prints what it saw as one JSON object. octokit.js signs, renews, pages and verifies in its own way:
// what go-github and octokit.js both understand, GitHub's users do too.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const input = JSON.parse(readFileSync(0, "utf8"));
// octokit is installed in a cache folder, away from this file.
const modules = createRequire(pathToFileURL(`${input.modules}/package.json`));
const { App, Octokit } = await import(pathToFileURL(modules.resolve("octokit")));

const quiet = { debug() {}, info() {}, warn() {}, error: console.error };
const app = new App({
  appId: input.appId,
  privateKey: input.privateKey,
  webhooks: { secret: input.secret },
  Octokit: Octokit.defaults({ baseUrl: input.api, log: quiet }),
  log: quiet,
});
const seen = { events: [] };
const { owner, repo, pull_number } = input;

seen.slug = (await app.octokit.rest.apps.getAuthenticated()).data.slug;
seen.installations = [];
for await (const { installation } of app.eachInstallation.iterator()) seen.installations.push(installation.id);
const octokit = await app.getInstallationOctokit(input.installation);

const pull = (await octokit.rest.pulls.get({ owner, repo, pull_number })).data;
seen.head = pull.head.sha;
seen.files = (await octokit.paginate(octokit.rest.pulls.listFiles, { owner, repo, pull_number, per_page: 2 })).map((f) => f.filename);
seen.content = Buffer.from((await octokit.rest.repos.getContent({ owner, repo, path: "src/a.txt", ref: pull.head.ref })).data.content, "base64").toString();
seen.ref = (await octokit.rest.git.getRef({ owner, repo, ref: `heads/${pull.head.ref}` })).data.object.sha;
seen.permission = (await octokit.rest.repos.getCollaboratorPermissionLevel({ owner, repo, username: "ann" })).data.permission;

const created = (await octokit.rest.checks.create({
  owner, repo, name: "octokit", head_sha: pull.head.sha, status: "completed", conclusion: "action_required",
  output: { title: "Seen", summary: "By octokit.js.", annotations: [{ path: "src/a.txt", start_line: 1, end_line: 1, annotation_level: "notice", message: "here" }] },
  actions: [{ label: "Fix", description: "Fix it", identifier: "fix" }],
})).data;
const updated = (await octokit.rest.checks.update({ owner, repo, check_run_id: created.id, conclusion: "success" })).data;
const listed = await octokit.paginate(octokit.rest.checks.listForRef, { owner, repo, ref: pull.head.ref, per_page: 1 });
seen.run = { conclusion: updated.conclusion, annotations: updated.output.annotations_count, listed: listed.map((r) => r.name).sort() };

try {
  await octokit.rest.pulls.update({ owner, repo, pull_number, title: "The App may only read" });
} catch (error) {
  seen.refused = error.status;
}
try {
  await octokit.rest.pulls.get({ owner, repo, pull_number: 9999 });
} catch (error) {
  seen.missing = `${error.status} ${error.message.split(" - ")[0]}`;
}

// Webhooks: octokit verifies the signature over the very bytes, and dispatches by event and action.
app.webhooks.onAny(({ name, payload }) => void seen.events.push([name, payload.action].filter(Boolean).join(" ")));
for (const { id, name, signature, body } of input.deliveries) {
  await app.webhooks.verifyAndReceive({ id, name, signature, payload: Buffer.from(body, "base64").toString() });
}
try {
  const [first] = input.deliveries;
  await app.webhooks.verifyAndReceive({ ...first, payload: Buffer.from(first.body, "base64").toString() + " " });
  seen.forged = "taken";
} catch {
  seen.forged = "refused";
}
console.log(JSON.stringify(seen));
