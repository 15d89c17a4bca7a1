package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/runner/kube"
)

// validate asks the API server for all that it has against the objects, before any
// of them is touched: a dry run with strict fields, which applies the schema of the
// cluster's own kinds, custom ones included, and all of Kubernetes' rules. What the
// server says of a field is shown at the field's place in the file.
//
// An object that is there already has passed by the time the server finds that out.
// What depends on other objects, or is forbidden, is for the deploy itself to meet.
func (r *Runner) validate(ctx context.Context, entries []entry, targets []targetObject) error {
	found := make([][]Problem, len(targets))
	var group errgroup.Group
	group.SetLimit(8)
	for i, t := range targets {
		group.Go(func() error {
			found[i] = refusals(entries[i], t.object(), tryOut(ctx, t))
			if ctx.Err() != nil {
				return fmt.Errorf("validate %s: %w", t.object(), context.Cause(ctx))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	problems := slices.Concat(found...)
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
	if len(problems) > 0 {
		return &ManifestError{Problems: problems}
	}
	return nil
}

// tryOut asks the API server what it would say to the creation of an object. One whose
// namespace is not there yet is tried in the default one, under a name that nothing
// there has.
func tryOut(ctx context.Context, t targetObject) error {
	options := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict, FieldManager: kube.FieldManager}
	_, err := t.resource.Create(ctx, t.Unstructured, options)
	if !apierrors.IsNotFound(err) || t.GetNamespace() == "" {
		return err
	}
	o := t.DeepCopy()
	o.SetNamespace(metav1.NamespaceDefault)
	o.SetGenerateName(o.GetName() + "-")
	o.SetName("")
	_, err = t.kind.Namespace(metav1.NamespaceDefault).Create(ctx, o, options)
	return err
}

// strictError is one of the fields that strict decoding complains about, see
// sigs.k8s.io/json.
var strictError = regexp.MustCompile(`(unknown|duplicate) field "([^"]+)"`)

// refusals translates the server's answer into problems of the manifest, none for
// an answer that is about something else.
func refusals(e entry, o Object, err error) []Problem {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return nil
	}
	var problems []Problem
	switch {
	case apierrors.IsInvalid(err) && status.Status().Details != nil:
		for _, c := range status.Status().Details.Causes {
			problems = append(problems, e.problem(o, c.Field, lowerFirst(c.Message), meantValue(c.Message)))
		}
	case apierrors.IsBadRequest(err):
		for _, m := range strictError.FindAllStringSubmatch(err.Error(), -1) {
			problems = append(problems, e.problem(o, m[2], fmt.Sprintf("%s field", m[1]), "the cluster's schema has no such field there: remove it, or correct its name"))
		}
	}
	return problems
}

// unsupported is the server's answer to a value that is none of a few.
var (
	unsupported = regexp.MustCompile(`Unsupported value: "([^"]*)": supported values: (.*)`)
	quoted      = regexp.MustCompile(`"([^"]*)"`)
)

// meantValue returns a hint at the value that was most likely meant, "" for none.
func meantValue(message string) string {
	m := unsupported.FindStringSubmatch(message)
	if m == nil {
		return ""
	}
	var values []string
	for _, v := range quoted.FindAllStringSubmatch(m[2], -1) {
		values = append(values, v[1])
	}
	if near := closest(m[1], values); near != "" {
		return fmt.Sprintf("did you mean `%s`?", near)
	}
	return ""
}

// problem shows what is wrong with a field, as in spec.containers[0].image, at its
// place, or at that of the nearest field around it that the file has.
func (e entry) problem(o Object, field, message, hint string) Problem {
	text := fmt.Sprintf("%s: `%s`: %s", o, field, message)
	if e.node == nil || e.name.source == nil {
		return Problem{File: "manifest", Message: text, Hint: hint}
	}
	at := place{source: e.name.source, line: e.node.Line, column: e.node.Column}
	n := e.node
	for _, step := range steps(field) {
		key, value := child(n, step)
		if value == nil {
			break
		}
		at.line, at.column, n = value.Line, value.Column, value
		if key != nil && value.Kind != yaml.ScalarNode {
			at.line, at.column = key.Line, key.Column
		}
	}
	return at.source.problem(at.line, at.column, text, hint)
}

// fieldStep is a part of a field's path: .name, [0] or [key].
var fieldStep = regexp.MustCompile(`[^.\[\]]+|\[[^\]]*\]`)

func steps(field string) []string { return fieldStep.FindAllString(field, -1) }

// child follows a step of a path to the node that it names, nil for none.
func child(n *yaml.Node, step string) (key, value *yaml.Node) {
	n = target(n)
	name, inBrackets := strings.CutPrefix(strings.TrimSuffix(step, "]"), "[")
	if n.Kind == yaml.SequenceNode && inBrackets {
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(n.Content) {
			return nil, target(n.Content[i])
		}
		return nil, nil
	}
	if n.Kind != yaml.MappingNode {
		return nil, nil
	}
	for _, p := range pairs(n) {
		if p.key.Value == name || p.key.Value == path.Base(name) {
			return p.key, p.value
		}
	}
	return nil, nil
}
