package kube

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/devloop-cli/devloop/internal/must"
)

func TestProjectNamesBecomeLabelValues(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 60)
	named := map[string]string{}
	for name, want := range map[string]string{
		"shop": "shop", "my-shop": "my-shop", "my shop": "my-shop-", "my_shop.": "my_shop-", "Büro/Shop": "B-ro-Shop-",
		"": "", "日本": "", "한국": "", long: long, long + " and more": long[:54] + "-", long + " and less": long[:54] + "-",
	} {
		got := LabelValue(name)
		if !strings.HasPrefix(got, want) || LabelValue(got) != got {
			t.Errorf("%q: got %q, want %q and perhaps a digest", name, got, want)
		}
		if wrong := validation.IsValidLabelValue(got); len(wrong) > 0 {
			t.Errorf("%q: Kubernetes refuses %q: %v", name, got, wrong)
		}
		if other, taken := named[got]; taken {
			t.Errorf("%q and %q are both %q", name, other, got)
		}
		named[got] = name
	}
}

func TestObjectsBelongToTheProjectOfTheirLabel(t *testing.T) {
	t.Parallel()
	ours := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{LabelProject: LabelValue("my shop")}}}
	foreign := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{LabelManagedBy: "devloop"}}}
	for _, c := range []struct {
		pod     *corev1.Pod
		project string
		want    bool
	}{
		{ours, "my shop", true},
		{ours, "", true},
		{ours, "my-shop", false},
		{ours, "other", false},
		{foreign, "", false},
		{foreign, "my shop", false},
	} {
		if got := BelongsTo(c.pod, c.project); got != c.want {
			t.Errorf("labels %v, project %q: got %v", c.pod.Labels, c.project, got)
		}
	}
	if got := OwnedBy("my shop"); got != LabelProject+"="+LabelValue("my shop") {
		t.Errorf("got selector %q", got)
	}
}

func TestPodSaysWhatItRuns(t *testing.T) {
	t.Parallel()
	p := PodOf(&corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "here", Name: "web", UID: "1", Annotations: map[string]string{AnnotationChanges: "c", AnnotationApplied: "a"}},
		Spec: corev1.PodSpec{
			InitContainers: []corev1.Container{{Name: "init"}},
			Containers: []corev1.Container{
				{Name: "app", Image: "shop:devloop-1", Ports: []corev1.ContainerPort{{ContainerPort: 8080}, {ContainerPort: 53, Protocol: corev1.ProtocolUDP}}},
				{Name: "proxy", Image: "proxy:2", Ports: []corev1.ContainerPort{{ContainerPort: 9090, Protocol: corev1.ProtocolTCP}}},
			},
		},
		Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{RestartCount: 2}, {RestartCount: 1}}},
	})
	want := Pod{Namespace: "here", Name: "web", UID: "1", Image: "shop:devloop-1", Images: []string{"proxy:2"},
		Ports: []int{8080, 9090}, Foreign: []int{9090},
		Containers: []string{"app", "proxy"}, InitContainers: []string{"init"}, Restarts: 3, Changes: "c", Applied: "a"}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got  %+v\nwant %+v", p, want)
	}
	for image, runs := range map[string]bool{"shop:devloop-1": true, "proxy:2": true, "shop:devloop-2": false} {
		if p.Runs(image) != runs {
			t.Errorf("%s: got %v", image, !runs)
		}
	}
	p.Of, p.Index = Ref{"Deployment", "here", "web"}, 1
	if got := p.Endpoints(); !slices.Equal(got, []Endpoint{{p.Of, 1, 8080}, {p.Of, 1, 9090}}) {
		t.Errorf("got endpoints %v", got)
	}
}

// TestReadyPodRuns: the condition may be older than the end of a container.
func TestReadyPodRuns(t *testing.T) {
	t.Parallel()
	running := corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
	ended := corev1.ContainerStatus{State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}}
	for name, c := range map[string]struct {
		condition  corev1.ConditionStatus
		containers []corev1.ContainerStatus
		want       bool
	}{
		"ready":        {corev1.ConditionTrue, []corev1.ContainerStatus{running, running}, true},
		"probe failed": {corev1.ConditionFalse, []corev1.ContainerStatus{running}, false},
		"one ended":    {corev1.ConditionTrue, []corev1.ContainerStatus{running, ended}, false},
		"no status":    {corev1.ConditionTrue, nil, false},
		"no condition": {"", []corev1.ContainerStatus{running}, false},
	} {
		p := &corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: c.containers}}
		if c.condition != "" {
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: "True"},
				{Type: corev1.PodReady, Status: c.condition}}
		}
		if got := IsReady(p); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestSupervisedContainerMountsTheVolumeOfChanges(t *testing.T) {
	t.Parallel()
	mounts := []corev1.VolumeMount{{Name: "data"}, {Name: ChangesVolume + "app"}}
	p := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", VolumeMounts: mounts},
		{Name: "proxy", VolumeMounts: mounts[:1]}}}}
	for container, want := range map[string]bool{"app": true, "proxy": false, "none": false} {
		if got := IsSupervised(p, container); got != want {
			t.Errorf("%s: got %v", container, got)
		}
	}
}

func TestApplicationContainer(t *testing.T) {
	t.Parallel()
	proxy, app := corev1.Container{Name: "proxy", Image: "nginx"}, corev1.Container{Name: "app", Image: "shop:1"}
	made, supervised := app, app
	made.Image = "shop:devloop-0f3c9a51b2de"
	supervised.VolumeMounts = []corev1.VolumeMount{{Name: ChangesVolume + "app"}}
	for want, containers := range map[string][]corev1.Container{"proxy": {proxy, app}, "app": {proxy, made}, "": {}} {
		if got := ApplicationContainer(&corev1.Pod{Spec: corev1.PodSpec{Containers: containers}}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := ApplicationContainer(
		&corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{proxy, supervised}}}); got != "app" {
		t.Errorf("got %q, want the one with a supervisor", got)
	}
	proxy.Ports, made.Ports = []corev1.ContainerPort{{ContainerPort: 9901}},
		[]corev1.ContainerPort{{ContainerPort: 8080}}
	p := PodOf(&corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{proxy, made, {Name: "logs"}}}})
	if want := []string{"app", "proxy", "logs"}; !slices.Equal(p.Containers, want) || p.Image != made.Image ||
		!slices.Equal(p.Ports, []int{8080, 9901}) {
		t.Errorf("the Pod has %q, %q, %d, want the application first", p.Containers, p.Image, p.Ports)
	}
}

// TestOnlyTheWayToTheServerIsUnanswered asks servers that are not there, that hang, that no one
// trusts, and compares with answers.
func TestOnlyTheWayToTheServerIsUnanswered(t *testing.T) {
	t.Parallel()
	request := func(ctx context.Context, url string) error {
		q := must.Get(http.NewRequestWithContext(ctx, http.MethodGet, url, nil))(t)
		response, err := http.DefaultClient.Do(q)
		if err == nil {
			_ = response.Body.Close()
		}
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + listener.Addr().String()
	_ = listener.Close()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	defer untrusted.Close()
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hangs.Close()
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	pods := schema.GroupResource{Resource: "pods"}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"closed":         {request(t.Context(), closed), true},
		"untrusted":      {request(t.Context(), untrusted.URL), true},
		"hangs":          {request(short, hangs.URL), true},
		"not found":      {fmt.Errorf("get: %w", apierrors.NewNotFound(pods, "web")), false},
		"server timeout": {apierrors.NewServerTimeout(pods, "get", 1), false},
		"other":          {errors.New("no such thing"), false},
	} {
		if c.err == nil {
			t.Errorf("%s: no error", name)
		} else if got := IsUnanswered(c.err); got != c.want {
			t.Errorf("%s: got %v for %v", name, got, c.err)
		}
	}
}

func TestAnswersOfTheServerAreToldApart(t *testing.T) {
	t.Parallel()
	pods := schema.GroupResource{Resource: "pods"}
	terminating := apierrors.NewForbidden(pods, "web", errors.New("being terminated"))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	for name, c := range map[string]struct {
		err     error
		advice  string
		missing bool
	}{
		"forbidden":   {apierrors.NewForbidden(pods, "web", errors.New("no")), "another context", false},
		"credentials": {apierrors.NewUnauthorized("no"), "another context", false},
		"a security standard": {apierrors.NewForbidden(pods, "web", errors.New("violates PodSecurity")),
			"kubectl label namespace shop", false},
		"terminating": {terminating, "wait until it is gone", false},
		"not found":   {apierrors.NewNotFound(pods, "web"), "", true},
		"other uid":   {apierrors.NewConflict(pods, "web", errors.New("uid")), "", true},
		"invalid":     {apierrors.NewBadRequest("no"), "", false},
	} {
		if got := strings.Join(AdviceFor(c.err, "shop"), "\n"); (c.advice == "") != (got == "") ||
			!strings.Contains(got, c.advice) {
			t.Errorf("%s: got advice %q", name, got)
		}
		if got := IsNotFoundOrReplaced(fmt.Errorf("delete: %w", c.err)); got != c.missing {
			t.Errorf("%s: got missing %v", name, got)
		}
	}
}

func TestDebugPortsTakeNoRequests(t *testing.T) {
	t.Parallel()
	const agent = "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:8000"
	ports := func(ports ...corev1.ContainerPort) []corev1.ContainerPort { return ports }
	http, usual := corev1.ContainerPort{ContainerPort: 8080}, corev1.ContainerPort{ContainerPort: 5005}
	named, plain := corev1.ContainerPort{ContainerPort: 9000, Name: "jvm-debug"},
		corev1.ContainerPort{ContainerPort: 8000}
	for name, c := range map[string]struct {
		container corev1.Container
		want      []int
	}{
		"none":               {corev1.Container{Ports: ports(http, plain)}, nil},
		"by its name":        {corev1.Container{Ports: ports(http, named)}, []int{9000}},
		"the usual one":      {corev1.Container{Ports: ports(http, usual)}, []int{5005}},
		"the only one":       {corev1.Container{Ports: ports(usual)}, nil},
		"by the environment": {corev1.Container{Ports: ports(http, plain), Env: []corev1.EnvVar{{Name: "JAVA_TOOL_OPTIONS", Value: agent}}}, []int{8000}},
		"by the command":     {corev1.Container{Ports: ports(http, plain), Command: []string{"java", agent, "-jar", "app.jar"}}, []int{8000}},
		"by the arguments":   {corev1.Container{Ports: ports(plain), Args: []string{agent, "-jar", "app.jar"}}, []int{8000}},
	} {
		c.container.Image = "shop:devloop-1"
		pod := PodOf(&corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{c.container}}})
		if !slices.Equal(pod.Debug, c.want) || len(pod.Foreign) > 0 {
			t.Errorf("%s: got %v, want %v", name, pod.Debug, c.want)
		}
	}
}

func TestContainersAndTheirStatusesAreFoundByName(t *testing.T) {
	t.Parallel()
	p := &corev1.Pod{
		Spec: corev1.PodSpec{
			InitContainers: []corev1.Container{{Name: "migrate", Image: "one"}},
			Containers:     []corev1.Container{{Name: "shop", Image: "two"}},
		},
		Status: corev1.PodStatus{
			InitContainerStatuses: []corev1.ContainerStatus{{Name: "migrate", RestartCount: 1}},
			ContainerStatuses:     []corev1.ContainerStatus{{Name: "shop", RestartCount: 2}},
		},
	}
	for name, want := range map[string]*corev1.Container{"migrate": &p.Spec.InitContainers[0],
		"shop": &p.Spec.Containers[0], "cart": nil} {
		if got := Container(p, name); got != want {
			t.Errorf("container %s: got %v, want %v", name, got, want)
		}
	}
	for name, restarts := range map[string]int32{"migrate": 1, "shop": 2} {
		if got := Status(p, name); got == nil || got.RestartCount != restarts {
			t.Errorf("status of %s: got %v, want %d restarts", name, got, restarts)
		}
	}
	if got := Status(p, "cart"); got != nil {
		t.Errorf("status of no container: got %v", got)
	}
}
