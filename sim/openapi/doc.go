// Package openapi holds requests, responses and webhook payloads to GitHub's own descriptions of them.
//
// It is for tests: only _test files import it. The simulator answers from its own structs, the App reads with a client
// library, and both could share a misunderstanding; GitHub's description is the third voice. Load reads
// testdata/github, Description.Validate judges one REST exchange, Description.ValidateEvent one webhook payload,
// Description.ValidateDelivery a payload with its headers, and Watch turns all of them into test errors.
//
// An exchange is in order when
//
//   - its method and path are an operation of testdata/github/operations.txt, and its path and query parameters are
//     known and of the right type;
//   - the request body satisfies the description and has no property that the description does not know: GitHub
//     ignores such a property, so a wrong name would go unnoticed for ever;
//   - the status is documented for the operation, or is one that any operation may answer (see general statuses);
//   - the response body satisfies the description, has no unknown property, has every property that GitHub's own
//     example of this response has (the description marks few as required, though clients rely on them), and is
//     consistent in itself (a completed check run has a conclusion, a merged pull request is closed, …).
//
// The same goes for webhook payloads, whose properties are compared with recorded real payloads of the same event and
// action. Where GitHub's own words contradict each other, the exceptions are listed with their reasons in allow.go.
//
// Requests that were answered 400 or 422 are not held to the description: then the server has already said that the
// request is wrong. Everything unknown is a violation, never a pass.
package openapi
