package tests

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestContainerKubernetes checks what the example for Kubernetes, which nothing runs, says of procfsd: that the
// image's arguments are such as the program takes, and that mount and consumer are connected. It reads the text
// line by line, without comments and indentation.
func TestContainerKubernetes(t *testing.T) {
	text, err := os.ReadFile("../dist/kubernetes/procfsd.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "NOT been run") {
		t.Error("the example does not say that it has not been run")
	}
	documents := strings.Split(bareYAML(string(text)), "---\n")
	if len(documents) != 2 {
		t.Fatalf("%d documents, want a DaemonSet and a Pod", len(documents))
	}
	wantLines(t, documents[0], "kind: DaemonSet", "hostPID: true", "privileged: true", "readOnlyRootFilesystem: true",
		"- operator: Exists", "limits: {memory: 256Mi}", "livenessProbe:",
		"mountPath: /run/procfsd\nmountPropagation: Bidirectional", "mountPath: /dev/fuse",
		"path: /run/procfsd\ntype: DirectoryOrCreate", "path: /dev/fuse\ntype: CharDevice")
	wantLines(t, documents[1], "kind: Pod", "hostPID: true", "runAsNonRoot: true", `drop: ["ALL"]`,
		"mountPath: /run/procfsd\nmountPropagation: HostToContainer\nreadOnly: true", "path: /run/procfsd\ntype: Directory")
	checkImageArgs(t, flowLists(t, documents[0], "args: "))
	for _, probe := range flowLists(t, documents[0], "command: ") {
		if probe[0] == "/procfsd" && !slices.Equal(probe, []string{"/procfsd", "stat", hostDir}) {
			t.Errorf("a probe runs %q", probe)
		}
		if r := finish(t, exec.Command(procfsd(t), "stat", "/")); r.code != 2 || !strings.Contains(r.stderr, "not the root of a procfsd mount") {
			t.Errorf("a probe finds no mount: %v", r)
		}
	}
}

// bareYAML drops comments, indentation and empty lines of a text that has no # within strings.
func bareYAML(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(" "+line, " #")
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return "\n" + strings.Join(lines, "\n") + "\n"
}

func wantLines(t *testing.T, document string, wanted ...string) {
	t.Helper()
	for _, lines := range wanted {
		if !strings.Contains(document, "\n"+lines+"\n") {
			t.Errorf("not in the example: %q", lines)
		}
	}
}

// flowLists are the values of a key that is always given a list in JSON's spelling.
func flowLists(t *testing.T, document, key string) (lists [][]string) {
	t.Helper()
	for line := range strings.Lines(document) {
		value, found := strings.CutPrefix(line, key)
		if !found {
			continue
		}
		var list []string
		if err := json.Unmarshal([]byte(value), &list); err != nil || len(list) == 0 {
			t.Fatalf("%s: %v", line, err)
		}
		lists = append(lists, list)
	}
	if len(lists) == 0 {
		t.Fatalf("no %s in the example", key)
	}
	return lists
}

// checkImageArgs runs the program with the arguments, for a mountpoint that does not exist: that is found after
// all of them were understood, and is another exit status than a mistake in them.
func checkImageArgs(t *testing.T, lists [][]string) {
	t.Helper()
	missing := filepath.Join(directory(t), "missing")
	for _, args := range lists {
		i := slices.Index(args, hostDir)
		if i < 0 {
			t.Errorf("no mountpoint %s in %q", hostDir, args)
			continue
		}
		for want, extra := range map[int][]string{32: nil, 1: {"-o", "bogus"}} {
			line := slices.Concat(args[:i], []string{missing}, args[i+1:], extra)
			if r := finish(t, exec.Command(procfsd(t), line...)); r.code != want {
				t.Errorf("procfsd %q: %v; want exit %d", line, r, want)
			}
		}
	}
}
