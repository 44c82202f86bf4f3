package dataset

import (
	"fmt"
	"strings"
	"testing"
)

func TestUnreadableItemIsReportedAndReplacedByTheNext(t *testing.T) {
	good := mustTake(t, painted(10, nil), options, Position{}, 2)
	var order []string // of epoch 0
	for _, b := range good {
		for _, item := range b.Items {
			order = append(order, item.Name)
		}
	}
	var number int
	if _, err := fmt.Sscanf(order[1], "%d", &number); err != nil {
		t.Fatal(err)
	}
	m := painted(10, map[int]string{number: "bad"})
	var reported []Failure
	o := options
	o.Report = func(f Failure) { reported = append(reported, f) }
	got := mustTake(t, m, o, Position{}, 4) // two epochs: reported once all the same
	if got[0].Items[0].Name != order[0] || got[0].Items[1].Name != order[2] || got[0].Items[2].Name != order[2] {
		t.Errorf("order %v with %s unreadable gave %v", order, order[1], got[0].Items)
	}
	if len(reported) != 1 || reported[0].Item != m.Items[number] || !strings.Contains(reported[0].Err.Error(), "made unreadable") {
		t.Errorf("reported %v", reported)
	}
}

func TestTooManyUnreadableItemsStop(t *testing.T) {
	m := painted(20, map[int]string{1: "bad", 4: "bad", 9: "bad", 11: "bad", 15: "bad"}) // 20 % of 20 may be bad: 4
	read := map[int]int{}
	for _, workers := range []int{1, 5} {
		o := options
		o.Workers = workers
		batches, err := take(t, m, o, Position{}, 1000)
		if err == nil {
			t.Fatal("no error")
		}
		for _, part := range []string{"5 of 20 videos", "25.0 %", "at most 4", "0.2", "/001bad", "/015bad", "made unreadable"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("error lacks %q: %v", part, err)
			}
		}
		read[workers] = len(batches)
	}
	if read[1] != read[5] {
		t.Errorf("1 and 5 workers stop after different numbers of batches: %v", read)
	}
}

func TestBadShareOfTinySets(t *testing.T) {
	for _, c := range []struct {
		n, bad int
		share  float64
		ok     bool
	}{{10, 1, .01, true}, {10, 2, .01, false}, {10, 1, 0, false}, {10, 10, 1, false}, {5, 5, .01, false}, {100, 29, .29, true}, {100, 30, .29, false}} {
		kinds := map[int]string{}
		for i := range c.bad {
			kinds[i] = "bad"
		}
		o := options
		o.MaxBadShare = c.share
		if _, err := take(t, painted(c.n, kinds), o, Position{}, 2*c.n/4); (err == nil) != c.ok {
			t.Errorf("%d of %d bad with share %v: %v", c.bad, c.n, c.share, err)
		}
	}
}
