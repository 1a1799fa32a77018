// Package sim is GitHub in one process: the REST operations, webhooks and git
// over HTTP that a GitHub App meets, on loopback, over real bare git
// repositories. The demo runs on it, and so do the tests of the App.
//
// # What is simulated
//
//   - REST under URL()+"/api/v3/", as GitHub Enterprise Server has it. An
//     address that is not simulated answers 404 and is listed by [GitHub.Unknown],
//     so that a test can fail on it.
//   - Git smart HTTP under URL()+"/owner/name.git": real upload-pack and
//     receive-pack, with tokens, protocol v2 and refs/pull/N/head.
//   - Apps, registered from their manifest. Only what the manifest grants
//     works, only what it subscribes to is sent.
//   - Webhooks: signed, asynchronous, recorded, redelivered on demand.
//   - References moved by REST, by git and by people; protected branches and
//     rulesets with those who may bypass them; the permission for workflows.
//   - Pull requests merged by each method, by REST and by [Pull.Merge].
//   - Pull requests whose mergeability is computed late, check suites and runs
//     with GitHub's limits, forks, renames, transfers.
//   - What people do: reviews and requests for them, comments, reactions,
//     labels, statuses; organizations' members and teams, and what they may.
//   - GitHub Actions, which is a second App: [GitHub.StartCI] runs a commit's
//     workflow files, or commands given in Go, when their triggers say so, as
//     workflow runs with attempts, jobs and steps. [Repo.ReportRun] tells of
//     runs without running anything.
//   - Faults on demand, seeded: [Faults].
//
// BEHAVIOURS.md lists each behaviour with its source, and what is not simulated.
//
// # A story in Go
//
//	g, err := sim.Start(sim.Options{Dir: dir, Seed: 1, Now: clock})
//	defer g.Close()
//	app, err := g.RegisterApp(manifest, hookURL, secret) // app.ID, app.PrivateKeyPEM
//	octo := g.Org("octo")
//	ann, bot := g.User("ann"), g.Bot("search-agent[bot]")
//	repo, err := g.Repo("octo", "blog", map[string]string{"README.md": "# blog\n"})
//	err = repo.Collaborate(bot, "write")
//	inst, err := app.Install("octo", "blog")             // inst.ID
//	sha, err := repo.Commit(sim.Commit{By: bot, Branch: "agent/x", From: "main",
//		Message: "Add x", Files: map[string]string{"x.txt": "x\n"}})
//	pr, err := repo.OpenPull(sim.NewPull{By: bot, Title: "x", Head: "agent/x", Base: "main"})
//	_, err = pr.Review(ann, sim.Approved, "")
//	pr.Comment(ann, "/integrate")
//	err = g.Drain(ctx)                                   // every delivery due was attempted
//	runs := repo.CheckRuns(sha)                          // what Apps said about a commit
//
// [Repo.Protect] and [Repo.SetRuleset] guard branches. [Repo.Push],
// [Repo.Rewind] and [Repo.DeleteBranch] are what a person does to them.
//
// Commits can also be written with plain git: by `git push` to
// [Repo.CloneURL] with [User.Token] as the password, or straight into [Repo.Dir]
// followed by [Repo.Pushed]. Every road fires the same events: push,
// pull_request synchronize, check_suite requested.
//
// # What tests can do
//
// [GitHub.SetFaults] makes things go wrong and [GitHub.Heal] ends that;
// [GitHub.Mark] and [GitHub.APIRequests] count requests; Options.Before is
// called before each request has an effect, so that a server can be killed at
// the k-th; Options.Observe sees each exchange and delivery whole;
// [App.Deliveries] and [App.Redeliver] are the App owner's page of deliveries;
// [GitHub.Events] is the timeline. [Repo.Rerun], [Repo.CancelRun], [CI.Hold] and
// [CI.Release] steer workflow runs; [Repo.ReportRun] and [App.ReportCheck] forge
// what looks like evidence.
//
// # Order and time
//
// All stamps come from Options.Now, all identifiers from counters and the seed.
// One lock guards the whole state: requests are answered one after the other,
// git transfers excepted. Deliveries to one App are attempted one after the
// other, in the order of their events, unless [Faults] say otherwise. Workflow
// runs are run one after the other, and their jobs too.
package sim
