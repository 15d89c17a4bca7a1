package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// pictures has the tests draw docs/images, of a real Spring Boot application: DEVLOOP_PICTURES=1.
var pictures = os.Getenv("DEVLOOP_PICTURES") != ""

// pageProject is what the page shows: a stub, or for pictures a real application under its usual name and ports.
func pageProject(t *testing.T) (s *scenario, debugPort string) {
	t.Helper()
	if !pictures {
		return newStub(t, "spring-maven"), real.FreePort(t)
	}
	s = newProject(t, "spring-maven")
	real.CopySources(t, "../../samples/spring-maven", s.dir)
	s.port = "8080"
	return s, "5005"
}

// TestScenarioThePageShowsTheLoop opens the page of a session in a browser. It stays open while a save goes through,
// one does not compile, another one mends that, and a new Pod replaces the old one.
func TestScenarioThePageShowsTheLoop(t *testing.T) {
	t.Parallel()
	real.Long(t)
	real.Chromium(t)
	s, debugPort := pageProject(t)
	r := s.start("run", "--debug", "--debug-port", debugPort)
	r.answered("Hello, World")
	r.finished(event.OK)
	open := exec.Command("devloop", "open", "--ui", "--print")
	open.Dir, open.Env = s.dir, r.command.Environ()
	out, err := open.Output()
	if err != nil {
		t.Fatalf("devloop open: %v", err)
	}
	address := strings.TrimSpace(string(out))
	b := startBrowser(t)
	b.open(address)
	if pictures { // of saves as they are after the first seconds
		r.compilerReady()
	}
	b.awaits(s.name, "serving: first deploy in", "first build", "compile ", "http://localhost:"+s.port,
		"debug localhost:")

	s.replaceInSource(`"Hello, World";`, `"Hello, page";`)
	r.answered("Hello, page")
	r.finished(event.OK)
	b.awaits("serving: hot swap in", "1 save, ")

	s.replaceInSource(`"Hello, page";`, `"Hello, page"`)
	b.awaits("Problem", "AppController.java", "';' expected", "the code from before still answers")
	if pictures {
		for _, scheme := range []string{"light", "dark"} {
			b.prefers(scheme)
			b.picture(filepath.Join("..", "..", "docs", "images", "page-"+scheme+".png"))
		}
	}
	r.finished(event.Failed)

	s.replaceInSource(`"Hello, page"`, `"Hello, again";`)
	r.answered("Hello, again")
	r.finished(event.OK)
	b.awaits("2 saves, median ")
	if text := b.text(); strings.Contains(text, "Problem") {
		t.Errorf("the page still shows the mistake:\n%s", text)
	}
	if got := b.script("return location.hash"); got != `""` {
		t.Errorf("the secret stays in the address: %s", got)
	}

	t.Log("a Pod that was replaced is no longer listed")
	if _, said, code := s.ask("trigger", "--pod"); code != 0 {
		t.Fatalf("trigger ended with %d: %s", code, said)
	}
	pod := until(t, r.stream, func(p event.PortForwarded) bool { return true }).Pod
	r.finished(event.OK)
	b.awaits("serving: new Pod in")
	if got := b.script(`return document.getElementById("pods").innerText`); got != `"`+pod+`: ready"` {
		t.Errorf("the page lists %s, want only %s", got, pod)
	}

	t.Log("without the secret and the cookie it shows nothing")
	other := startBrowser(t)
	other.open(address[:strings.Index(address, "#")])
	other.awaits("open the page with: devloop open --ui")
	if text := other.text(); strings.Contains(text, s.name) {
		t.Errorf("the page shows\n%s", text)
	}

	t.Log("the page says that the session has ended")
	r.quit()
	b.awaits("the session has ended")
}

// TestScenarioTheBrowserReloadsOnceTheApplicationServes opens localhost while the project does not compile. The page
// says why, shows each stage of the build that mends it, and becomes the application's.
func TestScenarioTheBrowserReloadsOnceTheApplicationServes(t *testing.T) {
	t.Parallel()
	real.Long(t)
	real.Chromium(t)
	s := newStub(t, "spring-maven")
	s.replaceInSource(`"Hello, World";`, `"Hello, World"`)
	r := s.start("run")
	address := until(t, r.stream, func(event.PortListening) bool { return true }).URL
	r.finished(event.Failed)
	b := startBrowser(t)
	b.open(address)
	b.awaits("AppController.java", "';' expected", "devloop holds this port")
	b.script(`new MutationObserver(changes => changes.forEach(c => sessionStorage.seen = (sessionStorage.seen || "") + c.target.textContent + "|"))
		.observe(document.getElementById("working"), { childList: true, characterData: true, subtree: true })`)

	s.replaceInSource(`"Hello, World"`, `"Hello, browser";`)
	b.awaits("Hello, browser")
	seen := b.script("return sessionStorage.seen")
	for _, stage := range []event.Stage{event.Compile, event.Image, event.Ready} {
		if !strings.Contains(seen, string(stage)) {
			t.Errorf("the page did not show %q: %s", stage, seen)
		}
	}
	r.quit()
}

// browser is a Chromium without a window, driven by WebDriver (https://www.w3.org/TR/webdriver2).
type browser struct {
	*testing.T
	session string // its URL
}

// startBrowser starts a browser, which ends with the test.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	driver := exec.Command("chromedriver", "--port="+real.FreePort(t))
	must.Do(t, driver.Start())
	t.Cleanup(func() { _ = driver.Process.Kill(); _ = driver.Wait() })
	b := &browser{T: t, session: "http://localhost:" + strings.TrimPrefix(driver.Args[1], "--port=") + "/session"}
	options := map[string]any{"args": []string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--hide-scrollbars", "--window-size=900,1060", "--user-data-dir=" + t.TempDir()}}
	capabilities := map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{"goog:chromeOptions": options}}}
	var made struct {
		SessionID string `json:"sessionId"`
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		err := b.post("", capabilities, &made)
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	b.session += "/" + made.SessionID
	t.Cleanup(func() {
		if request, err := http.NewRequest(http.MethodDelete, b.session, nil); err == nil {
			if response, err := http.DefaultClient.Do(request); err == nil {
				_ = response.Body.Close()
			}
		}
	})
	return b
}

// post sends a command and decodes the value of its answer.
func (b *browser) post(command string, body, value any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	response, err := http.Post(b.session+command, "application/json", bytes.NewReader(data))
	if err != nil {
		return err
	}
	return decodeValue(response, value)
}

func decodeValue(response *http.Response, value any) error {
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("the browser answers %s: %s, %v", response.Status, text, err)
	}
	return json.Unmarshal(text, &struct{ Value any }{value})
}

func (b *browser) open(url string) {
	b.Helper()
	must.Do(b, b.post("/url", map[string]string{"url": url}, nil))
}

// script runs a script and returns what it returns, as JSON.
func (b *browser) script(text string) string {
	b.Helper()
	var value json.RawMessage
	must.Do(b, b.post("/execute/sync", map[string]any{"script": text, "args": []any{}}, &value))
	return string(value)
}

// text is what the page shows.
func (b *browser) text() (text string) {
	b.Helper()
	must.Do(b, json.Unmarshal([]byte(b.script("return document.body.innerText")), &text))
	return text
}

// awaits waits until the page shows all parts.
func (b *browser) awaits(parts ...string) {
	b.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		text, missing := b.text(), ""
		for _, part := range parts {
			if !strings.Contains(text, part) {
				missing = part
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			b.Fatalf("the page does not show %q:\n%s", missing, text)
		}
	}
}

// prefers switches between light and dark.
func (b *browser) prefers(scheme string) {
	b.Helper()
	feature := map[string]string{"name": "prefers-color-scheme", "value": scheme}
	if err := b.post("/goog/cdp/execute", map[string]any{"cmd": "Emulation.setEmulatedMedia",
		"params": map[string]any{"features": []any{feature}}}, nil); err != nil {
		b.Fatal(err)
	}
}

// picture writes what the browser shows as a PNG.
func (b *browser) picture(path string) {
	b.Helper()
	response := must.Get(http.Get(b.session + "/screenshot"))(b)
	var encoded string
	must.Do(b, decodeValue(response, &encoded))
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err == nil {
		err = os.WriteFile(path, data, 0o644)
	}
	if err != nil {
		b.Fatal(err)
	}
}
