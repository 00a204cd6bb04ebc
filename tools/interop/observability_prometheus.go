package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A prometheusServer is a Prometheus that scrapes one daemon each second.
type prometheusServer struct {
	process *process
	url     string
}

// startPrometheus starts one with the configuration that we propose, but for the daemon's address and a faster pace.
func startPrometheus(ctx context.Context, s *session, target string, native bool) (*prometheusServer, error) {
	dir, err := s.temp()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(s.testdata(observabilityFolder, "prometheus.yml"))
	if err != nil {
		return nil, err
	}
	folder := s.testdata(observabilityFolder)
	proposed := strings.NewReplacer("15s", "1s", "127.0.0.1:1814", target, "- rules.yml", "- "+folder+"/rules.yml", "- alerts.yml", "- "+folder+"/alerts.yml")
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(proposed.Replace(string(text))), 0o644); err != nil {
		return nil, err
	}
	listen, err := freeTCPAddress()
	if err != nil {
		return nil, err
	}
	args := []string{"--config.file", file, "--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", listen, "--log.level", "warn"}
	if native {
		args = append(args, "--enable-feature=native-histograms")
	}
	p := &prometheusServer{url: "http://" + listen}
	if p.process, err = startProcess("prometheus", exec.Command(prometheusBinary, args...)); err != nil {
		return nil, err
	}
	if err := p.waitReady(ctx); err != nil {
		p.process.stop()
		return nil, err
	}
	return p, nil
}

// freeTCPAddress is one of this machine's that nobody listens on.
func freeTCPAddress() (string, error) {
	listener, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// poll tries until it works, or returns why it didn't the last time.
func (p *prometheusServer) poll(ctx context.Context, try func() error) error {
	const patience, pause = 20 * time.Second, 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-p.process.exited:
			return errors.Join(err, p.process.failure())
		case <-time.After(pause):
		}
	}
}

func (p *prometheusServer) waitReady(ctx context.Context) error {
	return p.poll(ctx, func() error {
		_, err := httpGet(ctx, p.url+"/-/ready")
		return err
	})
}

// errNoData says that an expression has no value yet.
var errNoData = errors.New("no data")

// await returns the first value of an expression as soon as it has one.
func (p *prometheusServer) await(ctx context.Context, expr string) (float64, error) {
	return p.awaitValue(ctx, expr, func(float64) bool { return true })
}

// awaitValue returns the first value of an expression as soon as it pleases.
func (p *prometheusServer) awaitValue(ctx context.Context, expr string, pleases func(float64) bool) (value float64, err error) {
	err = p.poll(ctx, func() error {
		if value, err = p.query(ctx, expr); err == nil && !pleases(value) {
			err = fmt.Errorf("%s is %v", expr, value)
		}
		return err
	})
	return value, err
}

func (p *prometheusServer) query(ctx context.Context, expr string) (float64, error) {
	text, err := httpGet(ctx, p.url+"/api/v1/query?query="+url.QueryEscape(expr))
	if err != nil {
		return 0, err
	}
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return 0, fmt.Errorf("%s: %w", text, err)
	}
	if len(answer.Data.Result) == 0 {
		return 0, errNoData
	}
	number, ok := answer.Data.Result[0].Value[1].(string)
	if !ok {
		return 0, fmt.Errorf("%s: no value", text)
	}
	return strconv.ParseFloat(number, 64)
}
