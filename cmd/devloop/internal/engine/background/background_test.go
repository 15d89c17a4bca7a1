package background

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestCloseEndsTheWorkAndWaitsForIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, ended, mu := New(), 0, sync.Mutex{}
		for range 2 {
			g.Go(func(ctx context.Context) {
				<-ctx.Done()
				time.Sleep(time.Second) // it takes its time to unwind
				mu.Lock()
				ended++
				mu.Unlock()
			})
			synctest.Wait()
		}
		if ended != 0 {
			t.Error("the work ended before Close")
		}
		began := time.Now()
		g.Close()
		if ended != 2 || time.Since(began) != time.Second {
			t.Errorf("%d of 2 had ended after %v", ended, time.Since(began))
		}
		g.Close() // once more does no harm
	})
}
