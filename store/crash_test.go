package store_test

const childEnv = "AGENTPLANE_STORE_CHILD"

func child() int { return 0 }
