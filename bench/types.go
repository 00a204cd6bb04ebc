package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gantry/confd/wire"
)

// typesOutstanding is how many requests are under way: as many as coalescing
// takes, twice, so that the answers that list all instances find room in the
// generator's receive queue.
const typesOutstanding = "80"

// typesInstances are few enough that every type's answer fits a datagram, also
// that of all a node's instances with everything about them.
const typesInstances = 100

// types asks one server for one type of answer after the other.
func types(ctx context.Context, l *Lab) (*Report, error) {
	config, err := l.config(ctx, typesInstances)
	if err != nil {
		return nil, err
	}
	s, err := l.confd(ctx, "confd", config, confdOptions{})
	if err != nil {
		return nil, err
	}
	disks, err := l.disksMix()
	if err != nil {
		return nil, err
	}
	mixes := []string{"standard", "all"}
	for t := range wire.Type(wire.NumTypes) {
		mixes = append(mixes, t.String())
	}
	if l.Quick {
		mixes = []string{"standard", wire.ReqPing.String(), wire.ReqInstanceDisks.String()}
	}
	var contenders []contender
	for _, mix := range mixes {
		flags := []string{"--mix", mix, "--outstanding", typesOutstanding}
		if mix == wire.ReqInstanceDisks.String() {
			flags[1] = disks
		}
		contenders = append(contenders,
			contender{server: s, as: mix, load: flags},
			contender{server: s, as: mix + ", coalesced", load: append([]string{"--coalesce", coalesce}, flags...)})
	}
	outcomes, err := l.contest(ctx, config, contenders...)
	if err != nil {
		return nil, err
	}
	report := &Report{Tables: []Table{{Header: []string{
		"requests", "answers/s: median (min-max)", "server's user + kernel ns an answer", "generator busy",
		"coalesced, answers/s", "of plain, pair by pair", "user + kernel ns", "generator busy",
	}}}}
	drawing := Plot{Title: "Answers a second by type of request", Y: "answers a second", Lines: []Line{{Name: "plain"}, {Name: "coalesced"}}}
	for i, mix := range mixes {
		plain, together := &outcomes[2*i], &outcomes[2*i+1]
		report.Tables[0].Rows = append(report.Tables[0].Rows, []string{
			mix, plain.rate.amounts(), plain.costText(), busyText(plain.busy.median()),
			together.rate.amounts(), together.rate.over(plain.rate).text("%.3g"), together.costText(), busyText(together.busy.median()),
		})
		drawing.Names = append(drawing.Names, mix)
		drawing.Lines[0].Points = append(drawing.Lines[0].Points, plain.rate.at(float64(i)))
		drawing.Lines[1].Points = append(drawing.Lines[1].Points, together.rate.at(float64(i)))
	}
	report.Plots = []Plot{drawing}
	return report, nil
}

// costText is the server's processor time an answer, in ns, in its two parts.
func (o *outcome) costText() string {
	return fmt.Sprintf("%.0f + %.0f", o.user.median(), o.system.median())
}

// disksMix writes the file that asks for the disks of every instance, which a mix
// by the type's name can't: it knows the instances' addresses only.
func (l *Lab) disksMix() (path string, err error) {
	var b strings.Builder
	for i := range typesInstances {
		fmt.Fprintf(&b, "1 %s instance%d\n", wire.ReqInstanceDisks, i+1)
	}
	path = filepath.Join(l.Dir, "disks.mix")
	return path, os.WriteFile(path, []byte(b.String()), 0o644)
}
