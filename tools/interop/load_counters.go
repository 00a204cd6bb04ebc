package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// samples are a scrape's values, by the metric's name with its labels.
type samples map[string]uint64

// sum adds the values of all labels of a metric.
func (s samples) sum(name string) (total uint64) {
	for sample, value := range s {
		if metric, _, _ := strings.Cut(sample, "{"); metric == name {
			total += value
		}
	}
	return total
}

// parseSamples reads the whole numbers of Prometheus's text format.
func parseSamples(text string) samples {
	s := samples{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		i := strings.LastIndexByte(line, ' ')
		if i < 0 || line[0] == '#' {
			continue
		}
		if value, err := strconv.ParseFloat(line[i+1:], 64); err == nil && value >= 0 {
			s[line[:i]] = uint64(value)
		}
	}
	return s
}

// scrapeInside reads the metrics that are served at an address of a network namespace.
func scrapeInside(namespace, addr string) (samples, error) {
	const patience = 5 * time.Second
	client := http.Client{Timeout: patience, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return dialInside(ctx, namespace, network, addr)
		},
	}}
	response, err := client.Get("http://" + addr + "/metrics")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("metrics of %s: %s", addr, response.Status)
	}
	return parseSamples(string(text)), nil
}

// dialInside connects from a thread that has entered the namespace, and that ends with its goroutine because it stays locked to it.
func dialInside(ctx context.Context, namespace, network, addr string) (conn net.Conn, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		file, openErr := os.Open(filepath.Join("/run/netns", namespace))
		if err = openErr; err != nil {
			return
		}
		defer file.Close()
		if err = enterNetwork(file); err == nil {
			conn, err = new(net.Dialer).DialContext(ctx, network, addr)
		}
	}()
	<-done
	return conn, err
}

// udpCounters reads the two lines of UDP in /proc/net/snmp: names, and values.
func udpCounters(text string) (map[string]uint64, error) {
	var lines [][]string
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "Udp:"); ok {
			lines = append(lines, strings.Fields(rest))
		}
	}
	if len(lines) != 2 || len(lines[0]) != len(lines[1]) {
		return nil, errors.New("/proc/net/snmp has no counters of UDP")
	}
	counters := map[string]uint64{}
	for i, name := range lines[0] {
		n, err := strconv.ParseUint(lines[1][i], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("/proc/net/snmp: %s: %w", name, err)
		}
		counters[name] = n
	}
	return counters, nil
}
