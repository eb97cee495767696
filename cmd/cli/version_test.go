package cli

import "testing"

// TestBuildThatIsTold: what a package's build is told counts; without it there is what Go knows.
func TestBuildThatIsTold(t *testing.T) {
	before := []string{buildVersion, buildCommit, buildDate}
	defer func() { buildVersion, buildCommit, buildDate = before[0], before[1], before[2] }()
	buildVersion, buildCommit, buildDate = "1.2.3", "0123456789abcdef0123456789abcdef01234567-dirty", "2026-11-30T21:12:25Z"
	if got := ThisBuild().String(); got != "1.2.3, commit 0123456789ab with changes, date 2026-11-30T21:12:25Z" {
		t.Errorf("told: %s", got)
	}
	buildVersion, buildCommit, buildDate = "", "", ""
	if b := ThisBuild(); b.Version == "" || b.Go == "" {
		t.Errorf("not told: %+v", b)
	}
}
