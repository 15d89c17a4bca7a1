package deploy

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/internal/spelling"
	"github.com/devloop-cli/devloop/internal/yamlfile"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// validate lets the API server check all objects before any is changed: a dry run with strict fields,
// which applies the schemas of all kinds, including custom ones, and all of Kubernetes' rules. What the
// server says about a field is shown at the field's line in the file.
//
// For an object that exists, the server finds that out last, so it has checked everything else.
// Refusals that depend on other objects or on permissions come with the deploy itself.
func validate(ctx context.Context, m manifest.Manifest, targets []target) error {
	found := make([]yamlfile.Problems, len(targets))
	var group errgroup.Group
	group.SetLimit(8)
	for i, t := range targets {
		group.Go(func() error {
			found[i] = problemsOf(m, t, tryOut(ctx, t))
			if ctx.Err() != nil {
				return fmt.Errorf("validate %s: %w", t.ref(), context.Cause(ctx))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	problems := slices.Concat(append(found, duplicates(m, targets))...)
	if slices.ContainsFunc(problems, isUnknownField) && len(m.Doubts()) > 0 { // these say what was meant
		problems = append(slices.DeleteFunc(problems, isUnknownField), m.Doubts()...)
	}
	slices.SortStableFunc(problems, yamlfile.ByPlace)
	if len(problems) > 0 {
		return &manifest.Error{Problems: problems}
	}
	return nil
}

// duplicates finds objects that are the same one in the cluster, although one of them names the namespace and the other
// does not.
func duplicates(m manifest.Manifest, targets []target) (problems yamlfile.Problems) {
	for i, t := range targets {
		if first := slices.IndexFunc(targets, t.isSame); first < i {
			problems = append(problems, problem(m, t.index, t.ref(), "metadata.name",
				fmt.Sprintf("the manifest has another object of that name in namespace %q", t.of.Namespace),
				"give each object a name of its own"))
		}
	}
	return problems
}

// tryOut returns what the API server would say to the creation of an object, or to its change if it exists and is not
// recreated: some fields can't be changed. If the namespace does not exist yet, or is being removed, it tries the
// default namespace.
func tryOut(ctx context.Context, t target) error {
	options := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict,
		FieldManager: kube.FieldManager}
	_, err := t.resource.Create(ctx, t.Unstructured, options)
	if apierrors.IsAlreadyExists(err) && !t.recreated() {
		_, err = t.resource.Apply(ctx, t.GetName(), t.Unstructured,
			metav1.ApplyOptions{DryRun: options.DryRun, FieldManager: kube.FieldManager, Force: true})
	}
	leaving := apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
	if !apierrors.IsNotFound(err) && !leaving || t.GetNamespace() == "" {
		return err
	}
	o := t.DeepCopy()
	o.SetNamespace(metav1.NamespaceDefault)
	_, err = t.kind.Namespace(metav1.NamespaceDefault).Create(ctx, o, options)
	return err
}

// strictError matches a field that strict decoding refuses, see sigs.k8s.io/json.
var strictError = regexp.MustCompile(`(unknown|duplicate) field "([^"]+)"`)

// problemsOf translates the server's answer into problems of the manifest. It returns none for an answer
// that is about something else.
func problemsOf(m manifest.Manifest, t target, err error) yamlfile.Problems {
	i, o := t.index, t.ref()
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return nil
	}
	var problems yamlfile.Problems
	switch {
	case apierrors.IsInvalid(err) && status.Status().Details != nil:
		for _, c := range status.Status().Details.Causes {
			message, hint := example.ReplaceAllString(c.Message, ""), hintFor(c.Field, c.Message)
			if fixed := immutable.FindStringSubmatch(message); fixed != nil {
				message, hint = fixed[1],
					fmt.Sprintf("remove the object, then deploy again: devloop delete %s %s -n %s",
						strings.ToLower(o.Kind), o.Name, o.Namespace)
			}
			problems = append(problems, problem(m, i, o, c.Field, spelling.LowerFirst(message), hint))
		}
	case apierrors.IsBadRequest(err):
		for _, f := range strictError.FindAllStringSubmatch(err.Error(), -1) {
			problems = append(problems, problem(m, i, o, f[2], fmt.Sprintf("%s field", f[1]),
				"the cluster's schema has no such field there: remove it, or correct its name"))
		}
	}
	return problems
}

// isUnknownField says whether the server does not know a field.
func isUnknownField(p yamlfile.Problem) bool { return strings.HasSuffix(p.Message, ": unknown field") }

// Messages of the API server about values.
var (
	unsupported = regexp.MustCompile(`Unsupported value: "([^"]*)": supported values: (.*)`)
	badName     = regexp.MustCompile(`Invalid value: "([^"]*)": a (?:lowercase )?RFC 1123`)
	quoted      = regexp.MustCompile(`"([^"]*)"`)
	notInName   = regexp.MustCompile(`[^a-z0-9.-]+`)
	// immutable matches what the server says about a change that it does not allow, behind Go's form of the value.
	immutable = regexp.MustCompile(`(?s)(field is immutable|may not be changed once set|updates to \w+ spec for fields other than .* are forbidden)`)
	example   = regexp.MustCompile(` \(e\.g\. .*regex used for validation is .*\)$`)
)

// hintFor returns what to write in a field that the API server refuses, "" if unknown.
func hintFor(field, message string) string {
	if m := unsupported.FindStringSubmatch(message); m != nil {
		values := lists.Map(quoted.FindAllStringSubmatch(m[2], -1), func(v []string) string { return v[1] })
		if near := spelling.Closest(m[1], values); near != "" {
			return fmt.Sprintf("did you mean `%s`?", near)
		}
	}
	if m := badName.FindStringSubmatch(message); m != nil {
		if better := strings.Trim(notInName.ReplaceAllString(strings.ToLower(m[1]), "-"), "-."); better != "" {
			return fmt.Sprintf("write `%s`", better)
		}
	}
	switch {
	case strings.Contains(message, "between 1 and 65535"):
		return "use a number from 1 to 65535, such as 8080"
	case strings.HasPrefix(message, "Required value"):
		return fmt.Sprintf("add `%s: …`", field[strings.LastIndex(field, ".")+1:])
	case strings.HasPrefix(message, "Duplicate value"):
		return "write another value: each has to have its own"
	case strings.HasSuffix(field, ".name") && strings.Contains(message, "15 characters"):
		return "use at most 15 lowercase letters, digits and `-`, as in `http`"
	}
	return ""
}

// problem is about a field of the manifest's object number i.
func problem(m manifest.Manifest, i int, o kube.Ref, field, message, hint string) yamlfile.Problem {
	return m.Problem(i, field, fmt.Sprintf("%s: `%s`: %s", o, field, message), hint)
}
