// Package jdwp talks to a running JVM by the Java Debug Wire Protocol. It replaces the files of loaded classes:
//
//	loaded, err := jdwp.Redefine(ctx, dial, map[string][]byte{"com/example/A": classFile}, false, ready)
//
// The JVM runs with -agentlib:jdwp=transport=dt_socket,server=y. It accepts new bodies for
// existing methods, with an option of HotSpot also new methods that nothing can override, and
// refuses every other change with a [Refusal]. A call changes all of its classes or none.
//
// A JVM accepts one debugger at a time. A [Relay] lets an IDE be that debugger without locking devloop out: it is a
// local port that stays the same while JVMs come and go, and it sends devloop's own commands between those of the IDE.
//
//	relay := jdwp.NewRelay(listeners, jdwp.Options{Wait: time.Minute})
//	relay.SetTarget("spring-maven", dial) // an IDE that attaches debugs this JVM
//	relay.Redefine(ctx, classes, false)   // whether or not the IDE is attached
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
//
// The protocol: https://docs.oracle.com/en/java/javase/21/docs/specs/jdwp/jdwp-spec.html,
// its commands: https://docs.oracle.com/en/java/javase/21/docs/specs/jdwp/jdwp-protocol.html
package jdwp
