package queue

import "testing"

// TestADepartureThatHadLandedIsMarked: what had landed and leaves instead of landing again is told apart from what never
// landed, until the branch starts from the target the next time. Then the offer is another one.
func TestADepartureThatHadLandedIsMarked(t *testing.T) {
	k := newTalk(t)
	marked := func(why string, want ...bool) {
		t.Helper()
		var got []bool
		for _, d := range k.lane.Left {
			got = append(got, d.Carried)
		}
		if len(got) != len(want) {
			t.Fatalf("%s: %d have left, want %d", why, len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: #%d is marked: %t, want %t", why, k.lane.Left[i].Number, got[i], want[i])
			}
		}
	}
	k.run("lane\nsubmit 9\njudge 9 good\nreject c1 9 : it never landed\n")
	k.run("submit 1\njudge 1 good\nbuilt c2\npass c2\nlanded c2\nsubmit 2\njudge 2 good\nbuilt c3\npass c3\nlanded c3\n")
	k.run("merged head=m2 target=main1\nlanded restart\n")
	marked("the second is to land again", false)
	k.run("withdraw 2\n")
	marked("a person took it out", false, true)
	k.run("submit 3\njudge 3 good\nbuilt c5\npass c5\nlanded c5\nmerged head=m5 target=main2\nlanded restart\n")
	marked("the branch has started again", false, false)
}
