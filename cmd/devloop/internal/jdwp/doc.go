// Package jdwp replaces classes in a running JVM by the Java Debug Wire Protocol.
//
//	client := jdwp.NewClient(dial)
//	client.Prepare(ctx, []string{"com/example/A"}) // optional, while the class is compiled
//	loaded, err := client.Redefine(ctx, map[string][]byte{"com/example/A": classFile}, false, ready)
//
// The JVM runs with -agentlib:jdwp=transport=dt_socket,server=y. It accepts new bodies for
// existing methods, with an option of HotSpot also new methods that nothing can override, and
// refuses every other change with a [Refusal]. A call changes all of its classes or none.
//
// A JVM accepts one debugger at a time. Package ide lets an IDE be that debugger without locking devloop out. Package
// wire has the packets.
//
// The protocol: https://docs.oracle.com/en/java/javase/21/docs/specs/jdwp/jdwp-spec.html,
// its commands: https://docs.oracle.com/en/java/javase/21/docs/specs/jdwp/jdwp-protocol.html
package jdwp
