package gh

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"
)

// RateLimitError says that GitHub limits this installation: nothing more is sent for it before Until.
type RateLimitError struct{ Until time.Time }

func (e *RateLimitError) Error() string {
	return "GitHub limits this installation's requests until " + e.Until.UTC().Format(time.RFC3339)
}

// StatusError is an answer of GitHub that is neither success nor a rate limit.
type StatusError struct {
	Status  int
	Method  string
	Path    string
	Message string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("GitHub answered %d to %s %s: %s", e.Status, e.Method, e.Path, e.Message)
}

// Absent reports whether err says that the thing asked for is not there, or no longer visible to the App: deleted,
// uninstalled, suspended or made private. GitHub answers 404 for what a token may not see.
func Absent(err error) bool {
	var s *StatusError
	return errors.As(err, &s) && (s.Status == http.StatusNotFound || s.Status == http.StatusGone)
}

// Barred reports whether err says that GitHub issues the App no token for a repository: the installation was removed or
// suspended, or the repository is not one of its own, which a forged or outdated notice may have claimed.
func Barred(err error) bool {
	var s *StatusError
	if errors.As(err, &s) && s.Status == http.StatusNotFound && strings.Contains(s.Path, "/app/installations/") {
		return true
	}
	if !errors.As(err, &s) || !strings.HasSuffix(s.Path, "/access_tokens") || Ungranted(err) {
		return false
	}
	return s.Status == http.StatusNotFound || s.Status == http.StatusForbidden || s.Status == http.StatusUnprocessableEntity
}

// Ungranted reports whether err says that GitHub issues no token with a permission that the installation's owner has not
// accepted, as after an update of the App that asks for more. It ends when they accept, which is an event.
func Ungranted(err error) bool {
	var s *StatusError
	return errors.As(err, &s) && s.Status == http.StatusUnprocessableEntity && strings.HasSuffix(s.Path, "/access_tokens") &&
		strings.Contains(strings.ToLower(s.Message), "permissions")
}

// plain turns what the libraries return into this package's errors; err may be nil.
func plain(doing string, err error) error {
	if err == nil {
		return nil
	}
	var limit *RateLimitError
	if errors.As(err, &limit) {
		return fmt.Errorf("%s: %w", doing, limit)
	}
	var answer *github.ErrorResponse
	if errors.As(err, &answer) && answer.Response != nil {
		return fmt.Errorf("%s: %w", doing, statusError(answer.Response, explained(answer)))
	}
	var mint *ghinstallation.HTTPError
	if errors.As(err, &mint) && mint.Response != nil {
		return fmt.Errorf("%s: %w", doing, statusError(mint.Response, mintMessage(mint.Response)))
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// explained is what GitHub says, with the first of the details it gives: "Validation Failed" alone helps nobody.
func explained(answer *github.ErrorResponse) string {
	if len(answer.Errors) == 0 {
		return answer.Message
	}
	first := answer.Errors[0]
	if first.Message != "" {
		return answer.Message + ": " + first.Message
	}
	return strings.TrimSpace(answer.Message + ": " + strings.TrimSpace(first.Field+" "+first.Code))
}

// mintMessage is why GitHub issued no token.
func mintMessage(resp *http.Response) string {
	var answer struct {
		Message string `json:"message"`
	}
	if resp.Body != nil { // the guard has read it, within its bounds
		_ = json.NewDecoder(resp.Body).Decode(&answer)
	}
	return strings.TrimSpace("no installation token was issued. " + answer.Message)
}

func statusError(resp *http.Response, message string) *StatusError {
	e := &StatusError{Status: resp.StatusCode, Message: message}
	if resp.Request != nil {
		e.Method, e.Path = resp.Request.Method, resp.Request.URL.Path
	}
	return e
}
