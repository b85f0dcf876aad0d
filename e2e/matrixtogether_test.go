package e2e_test

import (
	"iter"
	"slices"
	"time"
)

// This file runs the cases of the matrix together: one accident to each call of a
// step, in the order in which the step comes to them. An accident that stops the
// step, or the recovery, is followed by `tenant recover` and the step again, which
// meets the next. If the end is the undisturbed one, each of the cases got there,
// and in company; if not, each runs alone, which shows whose fault it is.

// grouped are the cases that run together.
func grouped(moments []moment) (groups [][]moment) {
	for _, m := range moments {
		i := slices.IndexFunc(groups, func(g []moment) bool {
			return *matrixSize == "together" && m.accident.login == 0 && g[0].step.name == m.step.name && g[0].accident.name == m.accident.name
		})
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], m)
	}
	return groups
}

// cases runs cases, together if that shows that all converge.
func (s *scene) cases(group []moment) iter.Seq[result] {
	return func(yield func(result) bool) {
		var together []result
		if len(group) > 1 {
			together = s.together(group)
		}
		for _, m := range group {
			i := slices.IndexFunc(together, func(r result) bool { return r.Moment == m.String() })
			if i >= 0 && !yield(together[i]) || i < 0 && !yield(s.after(m)) {
				return
			}
		}
	}
}

// together runs cases of one step at once. It returns the results of those that
// happened, and none if the end is not the undisturbed one.
func (s *scene) together(group []moment) (results []result) {
	start := time.Now()
	w, t := s.world, s.world.t
	step := group[0].step
	s.restore(s.starts[step.name])
	for _, m := range group {
		w.sandbox.Weather().Queue(m.pattern, s.faults(m)...)
	}
	r := result{Together: len(group)}
	out, err := s.run(w.engine(s.command(step)...))
	for left := len(group) + 1; err != nil && len(w.sandbox.Weather().Unused()) < left; {
		left = len(w.sandbox.Weather().Unused())
		t.Logf("%s, %d accidents ahead: %s", step.name, left, tail(out))
		r.Recovered = true
		// An accident may happen to the recovery too.
		for recovering := left + 1; recovering > 0; recovering-- {
			if out, err = s.run(w.recovery()); err == nil {
				break
			}
			t.Logf("recover: %s", tail(out))
		}
		out, err = s.run(w.engine(s.command(step)...))
	}
	unmet := w.sandbox.Weather().Unused()
	for _, m := range group {
		w.sandbox.Weather().Clear(m.pattern)
	}
	if err == nil {
		s.compare(group[0], &r)
	}
	if !r.Converged {
		s.recover(group[0], &r)
		s.compare(group[0], &r)
	}
	r.Seconds = time.Since(start).Seconds()
	t.Logf("together: %d cases, %d did not happen: %+v", len(group), len(unmet), r)
	if !r.Converged {
		return nil
	}
	for _, m := range group {
		if unmet[m.pattern] == 0 {
			r.Moment = m.String()
			results = append(results, r)
		}
	}
	return results
}
