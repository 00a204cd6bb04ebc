package daemon

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	// syslogFacility is LOG_DAEMON, already shifted past the severity.
	syslogFacility = 3 << 3
	// syslogQueueLines is how many lines wait for a slow syslog; beyond it
	// they are counted and lost, as a daemon must not wait for its log.
	syslogQueueLines = 1024
	// syslogLineMaxBytes is what rsyslog takes by default; longer lines are cut.
	syslogLineMaxBytes = 8192
	// syslogPatience bounds one write, and with it the wait at the end: a
	// syslog that has not read for this long won't soon.
	syslogPatience = time.Second
)

// syslogSocket is where the machine's syslog listens.
func syslogSocket() string {
	switch runtime.GOOS {
	case "darwin":
		return "/var/run/syslog"
	case "freebsd":
		return "/var/run/log"
	}
	return "/dev/log"
}

// A syslogWriter sends lines to the local syslog from a goroutine of its own.
// Its methods may be called from several goroutines and never block, but for
// Close.
type syslogWriter struct {
	socket, tag string
	pid         int
	queue       chan []byte
	stop, done  chan struct{}
	conn        net.Conn // the goroutine's

	lost atomic.Uint64 // lines that syslog didn't get
}

// openSyslog connects to the syslog at socket. Later failures are retried
// with every line, so that a syslog that restarts is found again.
func openSyslog(socket, tag string, pid int) (*syslogWriter, error) {
	w := &syslogWriter{
		socket: socket, tag: tag, pid: pid,
		queue: make(chan []byte, syslogQueueLines),
		stop:  make(chan struct{}), done: make(chan struct{}),
	}
	if err := w.dial(); err != nil {
		return nil, err
	}
	go w.run()
	return w, nil
}

// emit queues one record; it is a lineHandler's.
func (w *syslogWriter) emit(record slog.Record, text []byte) error {
	line := make([]byte, 0, len(text)+64)
	line = append(line, '<')
	line = strconv.AppendInt(line, int64(syslogFacility|severity(record.Level)), 10)
	line = append(line, '>')
	line = record.Time.AppendFormat(line, time.Stamp)
	line = append(line, ' ')
	line = append(line, w.tag...)
	line = append(line, '[')
	line = strconv.AppendInt(line, int64(w.pid), 10)
	line = append(line, "]: "...)
	line = append(line, levelName(record.Level)...)
	line = append(line, ' ')
	line = append(line, text...)
	select {
	case w.queue <- line[:min(len(line), syslogLineMaxBytes)]:
	default:
		w.lost.Add(1)
	}
	return nil
}

func (w *syslogWriter) run() {
	defer close(w.done)
	for {
		select {
		case line := <-w.queue:
			w.send(line)
		case <-w.stop:
			w.drain()
			return
		}
	}
}

// drain sends what is queued, up to the first line that fails.
func (w *syslogWriter) drain() {
	for {
		select {
		case line := <-w.queue:
			if !w.send(line) {
				w.lost.Add(uint64(len(w.queue)))
				return
			}
		default:
			return
		}
	}
}

// send writes one line, connecting anew once if syslog has gone. One that is
// there but doesn't read isn't asked twice.
func (w *syslogWriter) send(line []byte) bool {
	for range 2 {
		if w.conn == nil && w.dial() != nil {
			break
		}
		err := w.write(line)
		if err == nil {
			return true
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		w.conn.Close()
		w.conn = nil
	}
	w.lost.Add(1)
	return false
}

func (w *syslogWriter) write(line []byte) error {
	if err := w.conn.SetWriteDeadline(time.Now().Add(syslogPatience)); err != nil {
		return err
	}
	_, err := w.conn.Write(line)
	return err
}

func (w *syslogWriter) dial() error {
	conn, err := net.DialTimeout("unixgram", w.socket, syslogPatience)
	if err != nil {
		return err
	}
	w.conn = conn
	return nil
}

// Close sends what is queued and stops, after a few seconds at most.
func (w *syslogWriter) Close() error {
	close(w.stop)
	<-w.done
	if w.conn != nil {
		return w.conn.Close()
	}
	return nil
}
