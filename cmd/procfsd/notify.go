package main

import (
	"log/slog"
	"time"

	sdnotify "github.com/coreos/go-systemd/v22/daemon"
)

// notifyTime bounds how long we wait for a service manager that does not read.
const notifyTime = 2 * time.Second

// The words of sd_notify(3). They go where NOTIFY_SOCKET says, if it says
// anything: to who has started us in the foreground. A daemon in the background
// does not have that variable, and starts no programs that could inherit it.

func notifyReady(log *slog.Logger, mountpoint string) {
	notify(log, sdnotify.SdNotifyReady+"\nSTATUS=Serving "+oneLine(mountpoint), false)
}

func notifyStopping(log *slog.Logger) {
	notify(log, sdnotify.SdNotifyStopping+"\nSTATUS=Unmounting", true)
}

// notifyFailed shows in the status of the service why it did not start.
func notifyFailed(log *slog.Logger, err error) {
	notify(log, "STATUS="+oneLine(err.Error()), true)
}

func notify(log *slog.Logger, state string, last bool) {
	sent := make(chan error, 1)
	go func() {
		_, err := sdnotify.SdNotify(last, state)
		sent <- err
	}()
	select {
	case err := <-sent:
		if err != nil {
			log.Warn("cannot notify the service manager", "error", errno(err))
		}
	case <-time.After(notifyTime):
		log.Warn("the service manager does not take notifications")
	}
}
