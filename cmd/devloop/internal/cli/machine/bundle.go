package machine

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/docker/docker/client"
	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/atomicfile"
	"github.com/devloop-cli/devloop/internal/transfer"
	"github.com/devloop-cli/devloop/loader/kindcluster"
)

// BundleCommand is devloop bundle.
func BundleCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "bundle",
		Usage:     "pack the images that a machine without a registry needs",
		ArgsUsage: "[DIR]",
		Description: `Writes an archive with the cluster's node image and, if there is a project in DIR, its base
image. Images that the engine does not have are pulled first. On the machine without a registry:

   devloop setup --images FILE`,
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "images.tar", Usage: "the `FILE` to write"},
			&cli.StringSliceFlag{Name: "image", Usage: "also pack this `IMAGE`; may be repeated"},
		}, wiring.SettingFlags("module", "build-tool", "dockerfile", "build-arg", "target", "base-image"),
			wiring.DisplayFlags()),
		Action: wiring.Action(s, bundle),
	}
}

func bundle(c *cli.Context, d wiring.Display) error {
	m, err := newMachine(c, d)
	if err != nil {
		return err
	}
	if m.problem != nil {
		return m.problem
	}
	docker, err := m.engine(c.Context)
	if err != nil {
		return err
	}
	node, err := m.bundledNode(c.Context, docker)
	if err != nil {
		return err
	}
	images := slices.Concat([]string{node}, m.bases(), c.StringSlice("image"))
	for _, ref := range absent(c.Context, docker, images) {
		if err := pullImage(c.Context, docker, ref, m.progress); err != nil {
			return err
		}
	}
	d.Publish(0, event.Progress{Line: "packing " + strings.Join(images, ", ")})
	size, err := saveImages(c.Context, docker, images, c.String("output"))
	if err != nil {
		return fmt.Errorf("pack images: %w", err)
	}
	d.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeBundle,
		Text:  fmt.Sprintf("wrote %s, %s: %s", c.String("output"), transfer.Size(size), strings.Join(images, ", ")),
		Hints: []string{"on the other machine: devloop setup --images " + c.String("output")}})
	return nil
}

// bundledNode makes sure that the engine has the node image under a tag: a digest does not outlive an archive.
func (m *machine) bundledNode(ctx context.Context, docker *client.Client) (string, error) {
	ref, here, err := kindcluster.NodeImageRef(ctx, docker)
	if err != nil {
		return "", err
	}
	if !here {
		if err := m.pullNode(ctx, docker, ref); err != nil {
			return "", err
		}
	}
	tag, _, pinned := strings.Cut(ref, "@")
	if pinned {
		if err := docker.ImageTag(ctx, ref, tag); err != nil {
			return "", fmt.Errorf("tag the node image %q: %w", ref, err)
		}
	}
	return tag, nil
}

// saveImages writes the file whole, or leaves none.
func saveImages(ctx context.Context, docker *client.Client, images []string, path string) (size int64, err error) {
	archive, err := docker.ImageSave(ctx, images)
	if err != nil {
		return 0, err
	}
	defer func() { _ = archive.Close() }()
	size, err = atomicfile.WriteFrom(path,
		func(w io.Writer) (int64, error) { return io.Copy(w, transfer.Reader(ctx, archive, path, 0)) })
	if err != nil {
		return 0, err
	}
	return size, os.Chmod(path, 0o644) // another user, on another machine, loads it
}
