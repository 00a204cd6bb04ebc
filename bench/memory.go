package bench

import (
	"context"
	"fmt"
	"os"
)

// memory starts servers of several sizes, and looks at what each takes in three
// moments of its life. What ten reloads under load take is the scenario reload's.
func memory(ctx context.Context, l *Lab) (*Report, error) {
	report := &Report{Tables: []Table{{Header: []string{
		"instances", "file, MB", "VmRSS after the start, MB", "VmHWM after the start, MB", "VmRSS after a change and a load, MB", "VmHWM, MB", "VmHWM, of the file",
	}}}}
	line := Line{}
	for _, instances := range []int{100, 1_000, 10_000, 100_000} {
		m, err := l.memoryAt(ctx, instances)
		if err != nil {
			return nil, err
		}
		report.Tables[0].Rows = append(report.Tables[0].Rows, []string{
			fmt.Sprint(instances), fmt.Sprintf("%.1f", m.fileMB), m.fresh.text("%.0f"), m.freshPeak.text("%.0f"),
			m.used.text("%.0f"), m.usedPeak.text("%.0f"), m.usedPeak.times(1 / m.fileMB).text("%.2f"),
		})
		line.Points = append(line.Points, m.usedPeak.at(float64(instances)))
	}
	report.Plots = []Plot{{
		Title: "Largest memory after a start, a change and a load", X: "instances", Y: "VmHWM, MB", LogX: true, LogY: true, Lines: []Line{line},
	}}
	return report, nil
}

// memories are in MB.
type memories struct {
	fileMB                           float64
	fresh, freshPeak, used, usedPeak series
}

func (l *Lab) memoryAt(ctx context.Context, instances int) (m memories, err error) {
	config, err := l.config(ctx, instances)
	if err != nil {
		return m, err
	}
	versions, err := l.versions(config)
	if err != nil {
		return m, err
	}
	info, err := os.Stat(config)
	if err != nil {
		return m, err
	}
	m.fileMB = float64(info.Size()) / 1e6
	for run := range l.Runs {
		s, err := l.confd(ctx, "confd", config, confdOptions{})
		if err != nil {
			return m, err
		}
		if err := s.note(&m.fresh, &m.freshPeak); err != nil {
			return m, err
		}
		if _, err := l.change(ctx, s, versions.few); err != nil {
			return m, err
		}
		if _, err := l.load(ctx, s, config, l.peakLoad(nil)...); err != nil {
			return m, err
		}
		if err := s.note(&m.used, &m.usedPeak); err != nil {
			return m, err
		}
		l.logf("  run %d of %d, %d instances: %.0f MB", run+1, l.Runs, instances, m.usedPeak[run])
		if err := s.stop(); err != nil {
			return m, err
		}
	}
	return m, nil
}

// note adds what memory a server has and has had.
func (s *server) note(now, peak *series) error {
	resident, err := s.residentMemory()
	if err != nil {
		return err
	}
	most, err := s.peakMemory()
	if err != nil {
		return err
	}
	*now, *peak = append(*now, float64(resident)/1e6), append(*peak, float64(most)/1e6)
	return nil
}
