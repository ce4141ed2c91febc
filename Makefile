# Builds, installs and packages procfsd; `make help` says how. For GNU make and
# coreutils. Any variable below can be given on the command line.

GO ?= go

# What is built: ARCH is a GOARCH, for packages of another architecture too.
ARCH ?= $(or $(GOARCH),$(shell uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/'))
LDFLAGS ?= -s -w

# Where it goes. DESTDIR is put before all of them and is in none of the files.
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
DOCDIR ?= $(DATADIR)/doc/procfsd
UNITDIR ?= $(PREFIX)/lib/systemd/system
BASHDIR ?= $(DATADIR)/bash-completion/completions
ZSHDIR ?= $(DATADIR)/zsh/site-functions
FISHDIR ?= $(DATADIR)/fish/vendor_completions.d
# mount(8) looks for its helpers here and nowhere else, whatever the prefix is.
HELPERDIR ?= /sbin
# What the helpers are links to: absolute, for HELPERDIR may be a link itself.
HELPERLINK ?= $(BINDIR)/procfsd

# The release is the newest of CHANGELOG.md. Before there is one, versions sort
# by the time of the commit and before the release. Root may build in the tree
# of another user, whose Makefile he trusts already.
ifndef VERSION
git := test ! -e .git || git -c safe.directory='*' log -1 --date=format:%Y%m%d%H%M%S
VERSION := $(shell sed -nE 's/^\#\# \[?v?([0-9]+(\.[0-9]+)+)\]?( .*)?$$/\1/p' CHANGELOG.md | head -n 1)
VERSION := $(or $(VERSION),0.1.0~$(or $(shell ($(git) --format=git%cd.%h) 2>/dev/null),dev))
endif

SOURCES := $(shell find cmd fs nodes provider render -name '*.go') go.mod go.sum CHANGELOG.md
DIRS := $(BINDIR) $(HELPERDIR) $(MANDIR)/man5 $(MANDIR)/man8 $(DOCDIR)/examples $(UNITDIR) $(BASHDIR) $(ZSHDIR) $(FISHDIR)
HELPERS := $(HELPERDIR)/mount.procfs $(HELPERDIR)/mount.fuse.procfsd
SHELLS := bash zsh fish
# The directories that installing made, for uninstalling to take away: a prefix
# may have held empty ones before. Staged trees (DESTDIR) carry no such list.
MADE := $(DOCDIR)/directories

# The Debian package; see its reasons in dist/debian/build.
MAINTAINER ?= the procfsd authors <procfsd@users.noreply.github.com>
ifndef SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH := $(or $(shell (test ! -e .git || git -c safe.directory='*' log -1 --format=%ct) 2>/dev/null),$(shell stat -c %Y CHANGELOG.md))
endif

ifneq ($(words $(DIRS)) $(filter-out /%,$(DIRS)),9 )
$(error the directories must be absolute and without blanks: $(DIRS))
endif

ifeq ($(filter $(ARCH),amd64 arm64),)
$(error there is no procfsd for ARCH=$(ARCH): amd64 and arm64 are known)
endif

.DELETE_ON_ERROR:
.PHONY: build install uninstall deb check clean help FORCE

build: procfsd $(SHELLS:%=build/completion.%)

help:
	@echo 'make            builds ./procfsd, static (ARCH=arm64: for another architecture)'
	@echo 'make install    installs below PREFIX=$(PREFIX), and in HELPERDIR=$(HELPERDIR) for mount(8)'
	@echo 'make uninstall  takes away what that put there'
	@echo 'make deb        builds build/procfsd_$(VERSION)_$(ARCH).deb'
	@echo 'make check      runs all tests, as root'
	@echo 'make clean      takes away what make built'

# A build for another architecture or of another version is another build.
build/settings: FORCE
	@mkdir -p build
	@echo '$(ARCH) $(VERSION) $(LDFLAGS)' | cmp -s - $@ || echo '$(ARCH) $(VERSION) $(LDFLAGS)' > $@

BUILDFLAGS = -trimpath -buildvcs=false -ldflags '$(LDFLAGS) -X main.release=$(VERSION)'

procfsd: build/settings $(SOURCES)
	CGO_ENABLED=0 GOOS=linux GOARCH=$(ARCH) $(GO) build $(BUILDFLAGS) -o $@ ./cmd/procfsd

# The program itself writes its completions: one that runs here.
$(SHELLS:%=build/completion.%): build/completion.%: procfsd
	env -u GOOS -u GOARCH CGO_ENABLED=0 $(GO) run $(BUILDFLAGS) ./cmd/procfsd completion $* > $@

install: build
	@for helper in $(HELPERS); do at="$(DESTDIR)$$helper"; \
		if [ -e "$$at" -o -L "$$at" ] && [ "$$(readlink "$$at")" != "$(HELPERLINK)" ]; then \
		echo "make install: $$at is somebody else's, a package's maybe: remove that first, or give another HELPERDIR=" >&2; exit 1; fi; done
	@umask 022; mkdir -p "$(DESTDIR)/" && cd "$(DESTDIR)/" && \
	made=$$(LC_ALL=C mkdir -pv $(DIRS:/%=%) | sed "s/^mkdir: created directory '\(.*\)'$$/\1/") && \
	if [ -z "$(DESTDIR)" ] && [ "$$made" ]; then echo "$$made" >> $(MADE); chmod 644 $(MADE); fi
	install -m 755 procfsd "$(DESTDIR)$(BINDIR)/procfsd"
	for helper in $(HELPERS); do ln -sfn $(HELPERLINK) "$(DESTDIR)$$helper" || exit; done
	for helper in $(notdir $(HELPERS)); do ln -sfn procfsd.8.gz "$(DESTDIR)$(MANDIR)/man8/$$helper.8.gz" || exit; done
	rm -f "$(DESTDIR)$(MANDIR)/man8/procfsd.8.gz" "$(DESTDIR)$(MANDIR)/man5/procfs.5freebsd.gz" "$(DESTDIR)$(UNITDIR)/procfsd@.service"
	umask 022; gzip -9n < dist/man/procfsd.8 > "$(DESTDIR)$(MANDIR)/man8/procfsd.8.gz"
	umask 022; gzip -9n < dist/man/procfs.5 > "$(DESTDIR)$(MANDIR)/man5/procfs.5freebsd.gz"
	umask 022; sed 's|@BINDIR@|$(BINDIR)|g' 'dist/systemd/procfsd@.service.in' > "$(DESTDIR)$(UNITDIR)/procfsd@.service"
	install -m 644 build/completion.bash "$(DESTDIR)$(BASHDIR)/procfsd"
	install -m 644 build/completion.zsh "$(DESTDIR)$(ZSHDIR)/_procfsd"
	install -m 644 build/completion.fish "$(DESTDIR)$(FISHDIR)/procfsd.fish"
	install -m 644 README.md CHANGELOG.md LICENSE "$(DESTDIR)$(DOCDIR)"
	install -m 644 dist/systemd/mnt-proc.mount "$(DESTDIR)$(DOCDIR)/examples"

FILES := $(BINDIR)/procfsd $(UNITDIR)/procfsd@.service \
	$(addsuffix .8.gz,$(addprefix $(MANDIR)/man8/,procfsd $(notdir $(HELPERS)))) $(MANDIR)/man5/procfs.5freebsd.gz \
	$(BASHDIR)/procfsd $(ZSHDIR)/_procfsd $(FISHDIR)/procfsd.fish \
	$(addprefix $(DOCDIR)/,README.md CHANGELOG.md LICENSE examples/mnt-proc.mount)

# A helper that leads elsewhere by now is somebody else's.
uninstall:
	@[ -e "$(DESTDIR)$(BINDIR)/procfsd" ] || echo 'there is no $(DESTDIR)$(BINDIR)/procfsd: give the PREFIX of make install'
	@cd "$(DESTDIR)/" && made=$$(cat $(MADE:/%=%) 2>/dev/null || true) && \
	for helper in $(HELPERS:/%=%); do [ "$$(readlink $$helper)" != "$(HELPERLINK)" ] || rm $$helper || exit; done && \
	rm -f $(FILES:/%=%) $(MADE:/%=%) && \
	for dir in $(DOCDIR:/%=%)/examples $(DOCDIR:/%=%) $$(echo "$$made" | sort -r); do \
		[ ! -d $$dir ] || rmdir --ignore-fail-on-non-empty $$dir || exit; done
	@echo 'what is mounted goes on until it is unmounted'

deb: build
	VERSION='$(VERSION)' ARCH='$(ARCH)' MAINTAINER='$(MAINTAINER)' SOURCE_DATE_EPOCH='$(SOURCE_DATE_EPOCH)' \
	MAKE='$(MAKE)' dist/debian/build

check:
	tests/run

clean:
	rm -rf build procfsd
