package podstatus

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestSocketTableTellsWhoListensWhere(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0100007F:2382 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2
   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 3
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 00000000000000000000000001000000:1F92 00000000000000000000000000000000:0000 0A 00000000:00000000
   2: 0000000000000000FFFF00000100007F:1F93 00000000000000000000000000000000:0000 0A 00000000:00000000
   3: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000
  rubbish
`
	found := ParseSockets(table)
	if got, want := found.String(),
		"ports 8080, 8081, 8082 of 127.0.0.1, 8083 of 127.0.0.1 and 9090 of 127.0.0.1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !found.has(8080) || found.only(8080) || found.has(9090) || !found.only(9090) || found.only(4711) {
		t.Errorf("got %v", found)
	}
}

func TestSpringSaysWhereItListens(t *testing.T) {
	for line, want := range map[string]string{
		"2026-01-01 INFO o.s.b.w.e.tomcat.TomcatWebServer  : Tomcat started on port(s): 9090 (http) with context path ''": "port 9090",
		"2026-01-01 INFO o.s.b.w.e.tomcat.TomcatWebServer  : Tomcat started on port 9091 (http) with context path '/'":    "port 9091",
		"2026-01-01 INFO o.s.b.web.embedded.netty.NettyWebServer : Netty started on port 8081 (http)":                     "port 8081",
	} {
		if got := portsInLog([]string{"noise", line, line}); len(got) != 1 || got.String() != want {
			t.Errorf("%s: got %v", line, got)
		}
	}
	if got := portsInLog([]string{"Tomcat initialized with port 8080 (http)"}); len(got) != 0 {
		t.Errorf("a server that has not started listens on %v", got)
	}
}

// TestSchedulersWordsAreTranslated has those that a shared test cluster can't be brought to say.
func TestSchedulersWordsAreTranslated(t *testing.T) {
	for message, want := range map[string]string{
		"0/1 nodes are available: 1 node(s) had untolerated taint(s) {node.kubernetes.io/not-ready: }. preemption: …":  "the node itself is not ready",
		"0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }.":               "the node is short of disk space, and takes no Pod until it has some",
		"0/1 nodes are available: 1 node(s) had untolerated taint(s) {node-role.kubernetes.io/control-plane: }.":       `every node refuses the Pod by the taint "node-role.kubernetes.io/control-plane", which it does not tolerate`,
		"0/2 nodes are available: 1 node(s) were Unschedulable, 1 Insufficient memory. preemption: …":                  "no node of the cluster has memory left",
		"0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unschedulable: }. preemption: …": "the node was told to take no Pods",
		"something that no version of Kubernetes has said so far":                                                      "no node of the cluster takes the Pod: something that no version of Kubernetes has said so far",
		"": "no node of the cluster takes the Pod: the scheduler does not say why",
	} {
		if got := schedulingFailure(&corev1.Pod{}, message).Why; got != want {
			t.Errorf("%s:\n got %s\nwant %s", message, got, want)
		}
	}
}

func TestThePortAtWhichAnApplicationServes(t *testing.T) {
	for _, c := range []struct {
		open, logged Listeners
		port         int
	}{
		{Listeners{{9090, false}, {17654, true}}, nil, 9090},
		{Listeners{{9090, false}, {9779, false}}, Listeners{{9090, false}}, 9090},
		{Listeners{{9090, false}, {9779, false}}, nil, 0},
		{Listeners{{9090, true}}, nil, 0},
	} {
		if got := c.open.one(c.logged); got != c.port {
			t.Errorf("%v, in the log %v: got %d", c.open, c.logged, got)
		}
	}
}
