package daemon

import "testing"

// daemon-util finds daemons by this name, whatever file was started.
func TestProcessHasTheDaemonsName(t *testing.T) {
	for _, foreground := range []bool{true, false} {
		r := newRecipe(t, "serve")
		if foreground {
			r.run(t).expect("the daemon answers")
		} else {
			defer r.stopDetached(t, r.startDetached(t))
		}
		if seen := r.readReport(t); seen.Comm != r.Options.Identity.Name {
			t.Errorf("foreground %v: it is called %q", foreground, seen.Comm)
		}
	}
}

func TestNoNewPrivileges(t *testing.T) {
	account := me(t)
	var own report // a container may have forbidden them to the tests already
	own.lookAround()
	for _, unchecked := range []bool{true, false} {
		r := newRecipe(t, "serve")
		r.Options.NoUserChecks = unchecked
		r.Options.Identity.User, r.Options.Identity.Group = account.User, account.Group
		r.run(t).expect("the daemon answers")
		want := own.NewPrivileges && (unchecked || !setsNoNewPrivileges)
		if seen := r.readReport(t); seen.NewPrivileges != want {
			t.Errorf("unchecked %v: new privileges %v, want %v", unchecked, seen.NewPrivileges, want)
		}
	}
}
