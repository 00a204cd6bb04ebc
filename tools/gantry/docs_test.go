package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// repository is where the documentation is, seen from this package's tests.
const repository = "../.."

func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// docs are the names of all pages.
func docs(t *testing.T) []string {
	t.Helper()
	pages := []string{"README.md"}
	for _, pattern := range []string{"docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			name, err := filepath.Rel(repository, path)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, name)
		}
	}
	return pages
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// Every link within the documentation leads somewhere.
func TestLinks(t *testing.T) {
	for _, page := range docs(t) {
		for _, match := range link.FindAllStringSubmatch(readDoc(t, page), -1) {
			target, heading, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			path := page
			if target != "" {
				path = filepath.Join(filepath.Dir(page), target)
			}
			if _, err := os.Stat(filepath.Join(repository, path)); err != nil {
				t.Errorf("%s links to %s: %v", page, match[1], err)
				continue
			}
			if heading != "" && !slices.Contains(anchors(readDoc(t, path)), heading) {
				t.Errorf("%s links to %s, which has no such heading", page, match[1])
			}
		}
	}
}

// anchors are the names that a page's headings can be linked by.
func anchors(text string) []string {
	var names []string
	for line := range strings.Lines(text) {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			name := strings.ToLower(strings.TrimSpace(title))
			name = regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(name, "")
			names = append(names, strings.ReplaceAll(name, " ", "-"))
		}
	}
	return names
}

// Every page can be reached from the README.
func TestEveryPageIsLinked(t *testing.T) {
	reached := map[string]bool{}
	var follow func(page string)
	follow = func(page string) {
		if reached[page] {
			return
		}
		reached[page] = true
		for _, match := range link.FindAllStringSubmatch(readDoc(t, page), -1) {
			target, _, _ := strings.Cut(match[1], "#")
			if strings.HasSuffix(target, ".md") && !strings.Contains(target, "://") {
				follow(filepath.Join(filepath.Dir(page), target))
			}
		}
	}
	follow("README.md")
	for _, page := range docs(t) {
		if !reached[page] {
			t.Errorf("%s can't be reached from README.md", page)
		}
	}
}

// Every intended difference has a reason, and a test that exists.
func TestDifferencesAreTested(t *testing.T) {
	for _, page := range docs(t) {
		if !strings.HasPrefix(page, "docs/differences/") {
			continue
		}
		sections := strings.Split(readDoc(t, page), "\n## ")
		for _, section := range sections[1:] {
			title, body, _ := strings.Cut(section, "\n")
			if !strings.Contains(body, "\nWhy: ") {
				t.Errorf("%s, %s: no reason", page, title)
			}
			_, tests, found := strings.Cut(body, "\nTest: ")
			if !found {
				t.Errorf("%s, %s: no test", page, title)
				continue
			}
			tests, _, _ = strings.Cut(tests, "\n\n")
			for _, missing := range missingTests(t, tests) {
				t.Errorf("%s, %s: there is no test %s", page, title, missing)
			}
		}
	}
}

// missingTests reads "`package` TestA, TestB; `make interop` part" and returns
// those that don't exist.
func missingTests(t *testing.T, text string) (missing []string) {
	t.Helper()
	for _, group := range strings.Split(text, ";") {
		match := regexp.MustCompile("(?s)^\\s*`([^`]+)`\\s+(.+)$").FindStringSubmatch(group)
		if match == nil {
			return append(missing, group)
		}
		folder, sign := match[1], "func %s("
		pattern := "*_test.go"
		if folder == "make interop" {
			folder, sign, pattern = "tools/interop", `name: "%s"`, "*.go"
		}
		sources := sourceText(t, folder, pattern)
		for _, name := range strings.FieldsFunc(match[2], func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
			if !strings.Contains(sources, strings.Replace(sign, "%s", name, 1)) {
				missing = append(missing, folder+" "+name)
			}
		}
	}
	return missing
}

// sourceText is all that a folder's files of a pattern hold.
func sourceText(t *testing.T, folder, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repository, folder, pattern))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(content)
	}
	return text.String()
}
