// Package outpipe notices that the program which reads our output has ended, as head does after some lines. A write would
// fail, but the next one may be far away:
//
//	go func() {
//		if outpipe.ReaderEnded(os.Stdout) { // waits for it
//			cancel()
//		}
//	}()
package outpipe
