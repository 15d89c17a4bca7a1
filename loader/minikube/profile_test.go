package minikube

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/devloop-cli/devloop/internal/must"
)

// certified writes certificates for the engines of minikube's nodes.
func certified(t *testing.T, home string) {
	t.Helper()
	key := must.Get(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true}
	cert := must.Get(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))(t)
	secret, err := x509.MarshalECPrivateKey(key)
	if err == nil {
		err = os.MkdirAll(filepath.Join(home, "certs"), 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"ca.pem": {Type: "CERTIFICATE", Bytes: cert},
		"cert.pem": {Type: "CERTIFICATE", Bytes: cert}, "key.pem": {Type: "EC PRIVATE KEY", Bytes: secret}} {
		must.Do(t, os.WriteFile(filepath.Join(home, "certs", name), pem.EncodeToMemory(block), 0o600))
	}
}

// TestEnginesThatWereReachedAreReturned, so that the loader closes them, although another node's engine can't be
// reached.
func TestEnginesThatWereReachedAreReturned(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	certified(t, home)
	reachable := container.Summary{Names: []string{"/mk"},
		Ports: []container.Port{{PrivatePort: enginePort, PublicPort: 32769}}}
	engines, err := profile{Name: "mk"}.engines(home, []container.Summary{reachable, {Names: []string{"/mk-m02"}}})
	if err == nil || len(engines) != 1 || engines[0].Node != "mk" {
		t.Fatalf("got %+v, %v", engines, err)
	}
	if err := engines[0].Docker.Close(); err != nil {
		t.Error(err)
	}
}
