package event

// The codes of notices. Those of a warning about an error are the error's.
const (
	NoticeBundle         = "bundle.written"     // a bundle of images was written
	NoticeOmitted        = "build.omitted"      // the build leaves out tasks
	NoticeChart          = "chart.unused"       // the project's Helm chart is not used
	NoticeCluster        = "cluster.done"       // what devloop cluster did
	NoticeDiffers        = "cluster.differs"    // the objects in the cluster differ from the files
	NoticeOldCode        = "code.old"           // the code before a failed change still answers
	NoticePartialCode    = "code.partial"       // a failed change is in the running application, or a part of it
	NoticeCompiler       = "compiler"           // the incremental compiler, or why it is not used
	NoticeDebugMoved     = "debug.moved"        // the debugger's port is another than asked for
	NoticeDebugProbes    = "debug.probes"       // probes are left out because of the debugger
	NoticeDebugOff       = "debug.rejected"     // the JVM does not start with a debug port
	NoticeDebugWait      = "debug.waiting"      // the JVM waits for a debugger
	NoticeDeployed       = "deployed"           // what devloop deployed stays
	NoticeForward        = "forward"            // localhost forwards to the Pod until Ctrl+C
	NoticeImageAdvice    = "image.advice"       // what would make the image better
	NoticeImageGuessed   = "image.guessed"      // which image of the manifest is taken for the project's
	NoticeInit           = "init.wrote"         // devloop init wrote a file
	NoticeKeys           = "keys"               // the keys
	NoticeForeign        = "manifest.foreign"   // files of other tools are not deployed
	NoticeMachineReady   = "machine.ready"      // setup has found or made everything
	NoticeMachineUnready = "machine.unready"    // what setup has changed, what failed, and what was not tried
	NoticeNoAddress      = "address.none"       // the application has no local address yet
	NoticeUnread         = "manifest.unread"    // a ConfigMap or Secret that only the cluster has can't be read
	NoticeLeftOut        = "manifest.left-out"  // the cluster does not have the kinds of objects
	NoticeUnused         = "manifest.unused"    // manifests are not used, which the user would have to choose
	NoticeVariants       = "manifest.variants"  // manifests for other environments are not deployed
	NoticePodGap         = "pod.gap"            // why the old Pod goes before the new one serves
	NoticePodGone        = "pod.gone"           // a Pod ended or was deleted
	NoticePodRecovered   = "pod.recovered"      // a Pod serves that a cycle gave up
	NoticePortDiffers    = "port.differs"       // the application listens on another port than its settings say
	NoticePortMoved      = "port.moved"         // a local port is another than asked for
	NoticePortUnused     = "port.unused"        // nothing listens on a port that the manifest names
	NoticeTakenOver      = "project.taken-over" // this replaces what was deployed from another directory
	NoticeReady          = "ready"              // the Pods of a manifest are ready
	NoticeNothing        = "removed.nothing"    // there is nothing to remove
	NoticeStays          = "removed.not"        // what was deployed from another directory stays
	NoticeTurn           = "services.turn"      // a service waits until others have started
	NoticeSettings       = "settings.changed"   // the session keeps the settings that it began with
	NoticeSummary        = "summary"            // the saves of the session, and how long they took
)
