package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// docsURL stands in error bodies; what follows it differs per operation on
// GitHub, and nobody should read it.
const docsURL = "https://docs.github.com/rest"

// reply is the answer to a request.
type reply struct {
	status int
	header http.Header
	body   any    // encoded as JSON, unless raw is set; nil means no body
	raw    []byte // sent as it is
	kind   string // content type of raw
}

func answer(status int, body any) *reply {
	return &reply{status: status, header: http.Header{}, body: body}
}

func ok(body any) *reply { return answer(http.StatusOK, body) }

// fail is GitHub's plain error body.
func fail(status int, message string) *reply {
	return answer(status, fields{"message": message, "documentation_url": docsURL, "status": strconv.Itoa(status)})
}

func notFound() *reply { return fail(http.StatusNotFound, "Not Found") }

// invalid is a 422 that names what is wrong with the request.
func invalid(problems ...string) *reply {
	message := "Invalid request.\n\n" + strings.TrimPrefix(strings.Join(problems, "\n"), "Invalid request. ")
	return fail(http.StatusUnprocessableEntity, message)
}

// validationFailed is a 422 about a field of a resource.
func validationFailed(resource, field, code, message string) *reply {
	out := fail(http.StatusUnprocessableEntity, "Validation Failed")
	body, _ := out.body.(fields)
	problem := fields{"resource": resource, "code": code}
	if field != "" {
		problem["field"] = field
	}
	if message != "" {
		problem["message"] = message
	}
	body["errors"] = []fields{problem}
	return out
}

// broken is a 500: the simulator itself could not do it.
func (c *call) broken(err error) *reply {
	c.g.o.Log.Error("simulated github could not answer", "method", c.x.Method, "path", c.x.Path, "err", err)
	return fail(http.StatusInternalServerError, "Server Error")
}

// missing answers 404 for an object that is not there, and 500 for one that
// could not be read.
func (c *call) missing(err error) *reply {
	if errors.Is(err, errNoObject) {
		return notFound()
	}
	return c.broken(err)
}

// decode reads the request's JSON body. An empty body or null leaves the
// value as it is.
func (c *call) decode(into any) *reply {
	if len(c.x.RequestBody) == 0 {
		return nil
	}
	err := json.Unmarshal(c.x.RequestBody, into)
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType):
		return invalid(fmt.Sprintf("For '%s', %s is not of the right type.", wrongType.Field, wrongType.Value))
	case err != nil:
		return fail(http.StatusBadRequest, "Problems parsing JSON")
	}
	return nil
}

// number is a positive integer of the path; 0 when it is none.
func (c *call) number(name string) int64 {
	n, err := strconv.ParseInt(c.params[name], 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// pageOf cuts a page out of a list, and writes the Link header that leads to
// the others. per_page is 30 unless asked, and at most 100.
func pageOf[T any](c *call, list []T) ([]T, http.Header) {
	size, page := atLeast1(c.query.Get("per_page"), 30), atLeast1(c.query.Get("page"), 1)
	size = min(size, 100)
	last := max(1, (len(list)+size-1)/size)
	header := http.Header{}
	var links []string
	link := func(rel string, to int) {
		q := url.Values{}
		for key, values := range c.query {
			q[key] = slices.Clone(values)
		}
		q.Set("page", strconv.Itoa(to))
		links = append(links, fmt.Sprintf("<%s%s?%s>; rel=%q", c.g.api(""), c.x.Path, q.Encode(), rel))
	}
	if page > 1 {
		link("prev", page-1)
	}
	if page < last {
		link("next", page+1)
		link("last", last)
	}
	if page > 1 {
		link("first", 1)
	}
	if len(links) > 0 {
		header.Set("Link", strings.Join(links, ", "))
	}
	if page > last {
		return list[:0], header
	}
	from := min((page-1)*size, len(list))
	return list[from:min(from+size, len(list))], header
}

// atLeast1 reads a paging parameter; nonsense counts as absent, as on GitHub.
func atLeast1(text string, absent int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return absent
	}
	return n
}

// listOf answers one page of a list, each rendered.
func listOf[T any](c *call, list []T, render func(T) any) *reply {
	page, header := pageOf(c, list)
	out := ok(renderAll(page, render))
	out.header = header
	return out
}

// countedOf answers one page of a list below a key, with its total_count.
func countedOf[T any](c *call, key string, list []T, render func(T) any) *reply {
	page, header := pageOf(c, list)
	out := ok(fields{"total_count": len(list), key: renderAll(page, render)})
	out.header = header
	return out
}

func renderAll[T any](list []T, render func(T) any) []any {
	out := []any{}
	for _, item := range list {
		out = append(out, render(item))
	}
	return out
}
