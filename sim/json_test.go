package sim

import "encoding/json"

func jsonInto(data []byte, into any) error { return json.Unmarshal(data, into) }
