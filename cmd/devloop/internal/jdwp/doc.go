// Package jdwp talks to a running JVM through the Java Debug Wire Protocol, as far as
// devloop needs that protocol. It gives methods of loaded classes other bodies:
//
//	loaded, err := jdwp.Redefine(ctx, dial, map[string][]byte{"com/example/A": classFile}, false)
//
// The JVM runs with -agentlib:jdwp=transport=dt_socket,server=y. It takes new bodies of
// the methods that a class has, and refuses every other change, with a [Refusal]: all
// of a call's classes are changed, or none.
//
// A JVM takes one debugger at a time. A [Relay] lets an IDE be that debugger without
// shutting devloop out: it is a local port that stays the same while JVMs come and go,
// and that puts devloop's own commands between those of the IDE.
//
//	relay := jdwp.NewRelay(listeners, jdwp.Options{Wait: time.Minute})
//	relay.Point("spring-maven", dial)     // an IDE that attaches debugs this JVM
//	relay.Redefine(ctx, classes, false)   // with the IDE attached, or without
//
// It is transparent but for two things, both in the IDE's favour. Ids of commands are
// mapped, so that each reply finds who asked. And breakpoints, which a JVM drops from a
// class that is redefined, are set again at the same lines of the new methods. What the IDE has
// cached of a class, it is not told to forget: debuggers that are built on JDI show the lines and
// variables of a redefined method as they were, until they attach again. (An event that the
// class was unloaded would do it; but JDI handles it in a thread of its own, and can lose the
// class by that.)
//
// When the IDE leaves, by its own word or by a connection that ends, the connection to the
// JVM ends by the command Dispose: the JVM itself then drops what the IDE asked of it, and
// resumes what the IDE has suspended.
//
// An IDE may redefine classes, too. What then runs is what the IDE compiled, and devloop
// has not seen it: [Relay.Foreign] names those classes, until they are redefined from this side.
//
// The protocol: https://docs.oracle.com/en/java/javase/21/docs/specs/jdwp/jdwp-spec.html,
// its commands: https://docs.oracle.com/en/java/javase/21/docs/specs/jdwp/jdwp-protocol.html
package jdwp
