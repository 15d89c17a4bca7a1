// Package ide lets an IDE debug a JVM in which devloop redefines classes at the same time.
//
//	relay := ide.NewRelay(listeners, ide.Options{Wait: time.Minute, Notify: notify})
//	relay.SetTarget("spring-maven", dial) // an IDE that attaches debugs this JVM
//	relay.Redefine(ctx, classes, false)   // whether or not the IDE is attached
//	relay.Pause()                         // before the JVM ends
//
// A JVM accepts one debugger at a time. A [Relay] is a local port that stays the same while JVMs come and go. It
// forwards the commands of the IDE, and sends devloop's own between them.
//
// The relay changes two things on the way, both in the IDE's favour. It maps command ids, so that each reply reaches
// the side that asked. And it sets breakpoints again at the same lines of the new methods, because a JVM drops the
// breakpoints of a class that is redefined. It does not tell the IDE to drop what it has cached about a class:
// debuggers built on JDI show the old lines and variables of a redefined method until they attach again. (A
// class-unload event would refresh them, but JDI handles it in a separate thread and can lose the class.)
//
// When the IDE detaches or its connection breaks, the relay sends the JVM the command Dispose.
// The JVM then drops the IDE's requests and resumes the threads that it suspended.
//
// An IDE may redefine classes, too. The JVM then runs code that devloop has not compiled:
// [Relay.RedefinedByClient] names those classes until devloop redefines them.
package ide
