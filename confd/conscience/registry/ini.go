package registry

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gantry/confd/conscience/score"
)

const (
	// maxConfigFile bounds one configuration file, in bytes. Real ones have a few thousand.
	maxConfigFile = 1 << 20
	// maxConfigFiles bounds how many files the patterns of one may name.
	maxConfigFiles = 1000
)

// A section is a part of an INI file, in the order of the lines.
type section struct {
	name    string
	line    int
	entries []entry
}

type entry struct {
	key, value string
	line       int
}

// parseINI reads sections of keys and values. Comments are lines that begin with #; a key that comes twice has its last value, and so
// is a section read that comes twice.
func parseINI(text string) ([]section, error) {
	var sections []section
	current := -1
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			if len(line) < 3 || line[len(line)-1] != ']' {
				return nil, fmt.Errorf("line %d: %w: a section is written [name]", number, ErrConfig)
			}
			current = sectionOf(&sections, line[1:len(line)-1], number)
		default:
			key, value, ok := strings.Cut(line, "=")
			if !ok || current < 0 {
				return nil, fmt.Errorf("line %d: %w: expected key=value in a section", number, ErrConfig)
			}
			sections[current].set(entry{key: strings.TrimSpace(key), value: strings.TrimSpace(value), line: number})
		}
	}
	return sections, nil
}

func sectionOf(sections *[]section, name string, line int) int {
	for i, s := range *sections {
		if s.name == name {
			return i
		}
	}
	*sections = append(*sections, section{name: name, line: line})
	return len(*sections) - 1
}

func (s *section) set(e entry) {
	for i := range s.entries {
		if s.entries[i].key == e.key {
			s.entries[i] = e
			return
		}
	}
	s.entries = append(s.entries, e)
}

// get returns the value of a key; empty if there is none.
func (s *section) get(key string) string {
	for _, e := range s.entries {
		if e.key == key {
			return e.value
		}
	}
	return ""
}

// ReadConfig reads configuration files: those of types and pools ([type:NAME], [pool:NAME]), that of storage policies ([STORAGE_POLICY],
// [DATA_SECURITY]), and the daemon's own ([Plugin.conscience]), which names the others. mode is how score expressions are read. Errors
// name the file and the line and wrap [ErrConfig], fs.ErrNotExist or what the system said.
func ReadConfig(mode score.Mode, paths ...string) (*Config, error) {
	c := DefaultConfig()
	for files := 0; len(paths) > 0; files++ {
		if files >= maxConfigFiles {
			return nil, fmt.Errorf("%w: more than %d files", ErrConfig, maxConfigFiles)
		}
		path := paths[0]
		sections, err := readINI(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if err := c.add(path, sections, mode); err != nil {
			return nil, err
		}
		more, err := c.plugin(path, sections)
		if err != nil {
			return nil, err
		}
		paths = append(more, paths[1:]...)
	}
	return c, nil
}

func readINI(path string) ([]section, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxConfigFile+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxConfigFile {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrConfig, maxConfigFile)
	}
	return parseINI(string(content))
}

// plugin reads the daemon's own section and returns the files that it names.
func (c *Config) plugin(path string, sections []section) ([]string, error) {
	var files []string
	for _, s := range sections {
		if s.name != "Plugin.conscience" {
			continue
		}
		if namespace := s.get("param_namespace"); namespace != "" {
			c.Namespace = namespace
		}
		c.FlushStats, _ = score.ParseBool(s.get("flush_stats_on_refresh"))
		for _, key := range []string{"param_storage_conf", "param_service_conf"} {
			pattern := s.get(key)
			if pattern == "" {
				continue
			}
			found, err := glob(pattern)
			if err != nil || len(found) == 0 {
				return nil, fmt.Errorf("%s: %w: no file matches %s = %s", path, ErrConfig, key, pattern)
			}
			files = append(files, found...)
		}
	}
	return files, nil
}

// glob is filepath.Glob with {a,b}.
func glob(pattern string) ([]string, error) {
	var files []string
	for _, p := range braces(pattern) {
		found, err := filepath.Glob(p)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

// braces writes out the alternatives of a pattern, up to maxConfigFiles of them. Braces that don't match stand for themselves.
func braces(pattern string) []string {
	open := strings.IndexByte(pattern, '{')
	if open < 0 {
		return []string{pattern}
	}
	length := strings.IndexByte(pattern[open:], '}')
	if length < 0 {
		return []string{pattern}
	}
	var patterns []string
	for _, choice := range strings.Split(pattern[open+1:open+length], ",") {
		if len(patterns) >= maxConfigFiles {
			break
		}
		patterns = append(patterns, braces(pattern[:open]+choice+pattern[open+length+1:])...)
	}
	return patterns
}
