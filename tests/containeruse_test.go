package tests

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	hostDir    = "/run/procfsd/proc"     // the guide's mountpoint on the host
	sidecarDir = "/run/procfsd-app/proc" // and the one for a single container
	targetUID  = "1234"                  // whose process on the host others must not look into
)

// testUses does what the container guide says, each use in the least that it documents, and looks for rights that
// a caller in a container should not have.
func (p *podman) testUses(t *testing.T) {
	g := newGuide(t, p)
	t.Run("Image", g.testImage)
	t.Run("Alone", g.testAlone)
	t.Run("Sidecar", g.testSidecar)
	t.Run("Host", g.testHost)
	t.Run("Flags", g.testFlags)
	g.allRan(t)
}

// testImage looks at what the image is made of and says about itself.
func (g *guide) testImage(t *testing.T) {
	var config struct {
		Entrypoint, Cmd []string
		Labels          map[string]string
	}
	if err := json.Unmarshal([]byte(g.must(t, "podman image inspect --format='{{json .Config}}' localhost/procfsd")), &config); err != nil {
		t.Fatal(err)
	}
	if got := slices.Concat(config.Entrypoint, config.Cmd); !slices.Equal(got, []string{"/procfsd", "--foreground", hostDir}) {
		t.Errorf("the image runs %q", got)
	}
	for _, name := range []string{"title", "description", "version", "licenses", "source", "documentation"} {
		if config.Labels["org.opencontainers.image."+name] == "" {
			t.Errorf("no label %s in %q", name, config.Labels)
		}
	}
	want := []string{"/etc/group", "/etc/passwd", "/procfsd", "/run/procfsd/proc/NOT-MOUNTED"}
	if files := g.imageFiles(t, "localhost/procfsd"); !slices.Equal(files, want) {
		t.Errorf("in the image: %q, want %q", files, want)
	}
	g.testContext(t)
}

// testContext: whatever an image of the tree may name, it gets no more than this one needs.
func (g *guide) testContext(t *testing.T) {
	if err := os.WriteFile("/run/all.containerfile", []byte("FROM scratch\nCOPY . /\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	g.inTree(t, "podman build --quiet --file=/run/all.containerfile --tag=localhost/all .")
	for _, file := range g.imageFiles(t, "localhost/all") {
		if file != "/procfsd" && !strings.HasPrefix(file, "/dist/container/rootfs/") {
			t.Errorf("in the build context: %s", file)
		}
	}
}

// imageFiles lists what an image consists of.
func (g *guide) imageFiles(t *testing.T, image string) (files []string) {
	root := strings.TrimSpace(g.must(t, "podman image mount "+image))
	defer g.must(t, "podman image unmount "+image)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, strings.TrimPrefix(path, root))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// testAlone: in one container, for its own processes, as root, with users of its own, as rootless
// podman, and for a command that changes users.
func (g *guide) testAlone(t *testing.T) {
	const shown = "head -n1 /mnt/curproc/status"
	wantStatus(t, g.run(t, "alone"))
	list := strings.Fields(g.inTree(t, strings.Replace(g.block(t, "alone"), shown, "ls -A /mnt", 1)))
	if !slices.Contains(list, "1") || slices.Contains(list, strconv.Itoa(os.Getpid())) {
		t.Errorf("processes of the container: %q", list)
	}
	wantStatus(t, g.inTree(t, strings.Replace(g.block(t, "alone"), "--rm", "--rm --userns=auto", 1)))
	wantStatus(t, g.asNobody(t, "alone"))
	if line := g.run(t, "users"); !strings.HasPrefix(line, "0x") {
		t.Errorf("another user's own map: %q", line)
	}
}

// wantStatus wants the last line to be the status of a head(1).
func wantStatus(t *testing.T, out string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if fields := strings.Fields(lines[len(lines)-1]); len(fields) != 15 || fields[0] != "head" {
		t.Errorf("status %q", out)
	}
}

// testSidecar: a second container serves the processes of a first one, which has no rights of its own.
func (g *guide) testSidecar(t *testing.T) {
	g.removeAtEnd(t, sidecarDir, "app", "app-procfsd")
	g.run(t, "sidecar")
	answering := func() bool {
		return finish(t, g.shell("podman exec app head -n1 /run/procfsd/proc/curproc/status")).stdout != ""
	}
	eventually(t, "the mount in the container", answering)
	wantStatus(t, g.run(t, "app"))
	list := strings.Fields(g.must(t, "podman exec app ls -A /run/procfsd/proc"))
	if !slices.Contains(list, "1") || slices.Contains(list, strconv.Itoa(os.Getpid())) {
		t.Errorf("processes of the container: %q", list)
	}
	if list, err := os.ReadDir(sidecarDir); err != nil || len(list) > 0 {
		t.Errorf("on the host: %v, %v; want an empty root", list, err)
	}
	g.kill9(t, "app-procfsd")
	eventually(t, "the mount in the container, again", answering)
	g.must(t, "podman stop --time=10 app-procfsd")
	if n := mountsOn(sidecarDir); n != 0 {
		t.Errorf("%d mounts left on %s", n, sidecarDir)
	}
}

// testHost: one daemon for the host and for containers that run with the host's processes, through the daemon's
// death, by restart and by another container from the same line, to its end.
func (g *guide) testHost(t *testing.T) {
	g.removeAtEnd(t, hostDir, "procfsd", "consumer", "mapped")
	g.run(t, "prepare")
	g.run(t, "host")
	eventually(t, "the mount on the host", func() bool { return mounted(hostDir) })
	wantStatus(t, g.run(t, "consumer"))
	g.checkRights(t)
	g.kill9(t, "procfsd")
	g.wantOneMount(t)
	g.must(t, "podman rm --force --time=0 procfsd")
	g.run(t, "host")
	g.wantOneMount(t)
	g.run(t, "stop")
	if out := g.inConsumer(t); mountsOn(hostDir) != 0 || out != "" {
		t.Errorf("after the stop: %d mounts on the host, in the consumer %q", mountsOn(hostDir), out)
	}
}

// inConsumer is what the mount table of the running consumer has on the mountpoint.
func (g *guide) inConsumer(t *testing.T) string {
	t.Helper()
	return g.must(t, "podman exec consumer grep ' "+hostDir+" ' /proc/self/mountinfo || [ $? = 1 ]")
}

// wantOneMount: after a replacement the host and the running consumer see the new mount, and nothing else there.
func (g *guide) wantOneMount(t *testing.T) {
	t.Helper()
	eventually(t, "the mount on the host, again", func() bool { return mounted(hostDir) })
	wantStatus(t, g.must(t, "podman exec consumer head -n1 "+hostDir+"/curproc/status"))
	if out := g.inConsumer(t); mountsOn(hostDir) != 1 || strings.Count(out, "\n") != 1 {
		t.Errorf("%d mounts on the host, in the consumer %q; want one each", mountsOn(hostDir), out)
	}
}

// rightsScript prints for processes and gated nodes whether a caller gets them from us and from his native /proc.
const rightsScript = `
opens() { { true; } < "$1"; } 2>/dev/null
leads() { link=$(readlink "$1" 2>/dev/null) && [ "$link" != unknown ]; }
for pid; do
	for pair in opens:map:maps opens:mem:mem opens:regs:mem opens:fpregs:mem opens:osrel:mem leads:exe:exe leads:file:exe; do
		how=${pair%%:*} native=${pair##*:} node=${pair#*:} ours=no theirs=no
		node=${node%:*}
		$how /run/procfsd/proc/$pid/$node && ours=yes
		$how /proc/$pid/$native && theirs=yes
		echo $pid $node $ours $theirs
	done
done`

// checkRights compares, for callers in containers, the gated nodes of the host's process 1, of another user's on the
// host, of the container's first process and of the caller himself.
func (g *guide) checkRights(t *testing.T) {
	target := hostProcess(t)
	g.run(t, "mapped")
	for _, c := range []struct {
		container, user string
		want            map[string]bool // of the map, where it is certain
	}{
		{"consumer", "65534", map[string]bool{"1": false, target: false, "self": true}},
		{"consumer", targetUID, map[string]bool{"1": false, target: true, "self": true}},
		{"consumer", "0", map[string]bool{"1": false, target: false, "self": true}},
		{"mapped", "0", map[string]bool{"1": false, target: false, "self": true, "first": false}},
		{"mapped", "65534", map[string]bool{"1": false, target: false, "self": true, "first": false}},
		{"mapped", targetUID, map[string]bool{"1": false, target: false, "self": true, "first": false}},
	} {
		first := strconv.Itoa(g.pidOf(t, c.container))
		out := g.must(t, "podman exec --user="+c.user+":"+c.user+" "+c.container+" sh -c '"+rightsScript+"' sh 1 "+target+" self "+first)
		who := c.container + ", uid " + c.user
		checkRightsLines(t, who, strings.ReplaceAll(out, "\n"+first+" ", "\nfirst "), c.want)
	}
	g.checkStranger(t, target)
}

// checkRightsLines reads the output of rightsScript.
func checkRightsLines(t *testing.T, who, out string, want map[string]bool) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 4*7 {
		t.Errorf("%s: %d answers: %q", who, len(lines), out)
	}
	for _, line := range lines {
		f := strings.Fields(line)
		if f[2] == "yes" && f[3] == "no" {
			t.Errorf("%s gets %s of %s, and natively not", who, f[1], f[0])
		}
		if may, certain := want[f[0]]; certain && may != (f[2] == "yes") && (f[1] == "map" || !may) {
			t.Errorf("%s: %s of %s: %s, want %v", who, f[1], f[0], f[2], may)
		}
	}
}

// checkStranger: no pid of the host leads anywhere from a process namespace of one's own.
func (g *guide) checkStranger(t *testing.T, target string) {
	if out := g.run(t, "stranger"); out != "" {
		t.Errorf("a container with its own process ids sees %q", out)
	}
	line := strings.Replace(g.block(t, "stranger"), "ls -A "+hostDir, "sh -c 'for p in 1 curproc "+target+
		"; do if ls -d "+hostDir+"/$p 2>/dev/null; then exit 1; fi; done'", 1)
	g.inTree(t, line)
}

// hostProcess is a process of targetUID on the host.
func hostProcess(t *testing.T) string {
	cmd := as(helper(t, "holder"), uint32(atoi(t, targetUID)), uint32(atoi(t, targetUID)))
	start(t, cmd)
	return strconv.Itoa(cmd.Process.Pid)
}

// testFlags takes one flag after the other away from the line for the host: each is there for something.
func (g *guide) testFlags(t *testing.T) {
	g.run(t, "prepare")
	target := hostProcess(t)
	const seen = "head -n1 $M/curproc/status"
	const user = "setpriv --reuid=1234 --regid=1234 --clear-groups head -n1 $M/$T/map"
	const note, mem = "echo cont > $M/$T/note", ": < $M/$T/mem"
	for _, c := range []struct{ flag, fails string }{
		{"", "false"}, {"--pid=host", seen}, {"--device=/dev/fuse", seen},
		{"--cap-add=SYS_ADMIN", seen}, {"--cap-add=SYS_PTRACE", seen}, {"--cap-add=SETUID", user},
		{"--cap-add=SETGID", user}, {"--cap-add=KILL", note}, {"--cap-add=DAC_OVERRIDE", mem},
	} {
		t.Run("without"+c.flag, func(t *testing.T) {
			g.startWithout(t, c.flag)
			for _, probe := range []string{seen, user, note, mem} {
				r := finish(t, g.shell("M="+hostDir+" T="+target+"; "+probe))
				if probe == c.fails && r.code == 0 || c.flag == "" && r.code != 0 {
					t.Errorf("%s: %v", probe, r)
				}
			}
		})
	}
}

// startWithout runs the line for the host less one flag, and waits until it serves or has said why not.
func (g *guide) startWithout(t *testing.T, flag string) {
	line := g.block(t, "host")
	for _, gone := range strings.Fields("--restart=on-failure " + flag) {
		if !strings.Contains(line, " "+gone+" ") {
			t.Fatalf("no %s in %s", gone, line)
		}
		line = strings.Replace(line, " "+gone, "", 1)
	}
	g.removeAtEnd(t, hostDir, "procfsd")
	g.inTree(t, line)
	eventually(t, "an answer", func() bool {
		return mountsOn(hostDir) > 0 || finish(t, g.shell("podman logs procfsd")).stderr != ""
	})
}
