package loader

import (
	"context"
	"errors"
	"fmt"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// deliver writes the archives to importers in the nodes and takes the proofs.
// A node's failure is kept in its visit; the error is the image's or the end of ctx.
func (k *Containers) deliver(ctx context.Context, p *picture, visits []*visit) error {
	each(visits, func(v *visit) { v.err = k.receive(ctx, v, p) })
	running, deliveries := deliveries(visits)
	release := context.AfterFunc(ctx, func() { endInput(running) }) // frees a write that a node blocks
	defer release()
	err := p.ship(ctx, deliveries)
	for _, v := range running {
		if err != nil || v.delivery.err != nil {
			v.session.CloseWrite() // an archive that was cut off has no index, so nothing comes of it
		}
	}
	each(running, func(v *visit) { v.finish(ctx, p) })
	return err
}

// receive has a node expect the archive of what it lacks.
func (k *Containers) receive(ctx context.Context, v *visit, p *picture) (err error) {
	if !v.session.lives() {
		if v.session, err = openSession(ctx, k.docker, v.id); err != nil {
			return err
		}
	}
	v.delivery = &delivery{to: v.session, lacks: lacks(p, v.survey)}
	v.session.begin(p.length(v.delivery.lacks), "load", p.name, p.project)
	return nil
}

func deliveries(visits []*visit) (running []*visit, all []*delivery) {
	for _, v := range visits {
		if v.err == nil {
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
		v.session.CloseWrite()
	}
}

// finish waits for the importer and judges its proof. A thin archive that failed is a
// doubt, since everything may still help; a full one that failed is the node's error.
func (v *visit) finish(ctx context.Context, p *picture) {
	out, err := v.session.answer(ctx)
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
