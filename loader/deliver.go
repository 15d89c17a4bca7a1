package loader

import (
	"context"
	"errors"
	"fmt"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// deliver starts an importer in every node, writes the archives and takes the proofs.
// A node's failure is kept in its visit; the error is the image's or the end of ctx.
func (k *Containers) deliver(ctx context.Context, p *picture, visits []*visit) error {
	each(visits, func(v *visit) {
		v.importer, v.err = start(ctx, k.docker, v.id, true, script(importScript, p.name, p.project)...)
	})
	running, deliveries := deliveries(p, visits)
	release := context.AfterFunc(ctx, func() { endInput(running) }) // frees a write that a node blocks
	defer release()
	err := p.ship(ctx, deliveries)
	endInput(running) // an archive that was cut off has no index, so nothing comes of it
	each(running, func(v *visit) { v.finish(ctx, p) })
	return err
}

func deliveries(p *picture, visits []*visit) (running []*visit, all []*delivery) {
	for _, v := range visits {
		if v.err == nil {
			v.delivery = &delivery{to: v.importer, lacks: lacks(p, v.survey)}
			running, all = append(running, v), append(all, v.delivery)
		}
	}
	return running, all
}

func lacks(p *picture, s survey) map[v1.Hash]bool {
	lacks := map[v1.Hash]bool{}
	for _, d := range p.digests() {
		lacks[d] = !s.has[d]
	}
	return lacks
}

func endInput(running []*visit) {
	for _, v := range running {
		v.importer.CloseWrite()
	}
}

// finish waits for the importer and judges its proof. A thin archive that failed is a
// doubt, since everything may still help; a full one that failed is the node's error.
func (v *visit) finish(ctx context.Context, p *picture) {
	out, err := v.importer.wait(ctx)
	proof := parseProof(out)
	doubt := proof.doubt(p.manifest.digest.String())
	v.node.Sent += v.delivery.sent
	v.node.Skipped = max(0, p.size()-v.delivery.sent)
	v.node.Took = time.Since(v.began)
	v.node.Proof = proof.String()
	switch {
	case err != nil && v.thin() && retriable(ctx, err):
		v.doubt = err.Error()
	case err != nil:
		v.err = err
	case v.thin():
		v.doubt = doubt
	case doubt != "":
		v.err = fmt.Errorf("prove that the node has it: %s", doubt)
	}
}

// retriable says whether sending everything may help against err.
func retriable(ctx context.Context, err error) bool {
	_, gone := errors.AsType[*DockerError](err)
	return !gone && ctx.Err() == nil
}

// thin says whether the node was not sent everything.
func (v *visit) thin() bool { return len(v.survey.has) > 0 }
