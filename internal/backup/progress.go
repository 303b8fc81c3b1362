package backup

import "time"

// Progress is how far something is.
type Progress struct {
	Doing    string
	Rows, Of int64 // done, and to be done; Of is 0 where nobody knows
	Took     time.Duration
}

// Rate is how many rows were done in a second.
func (p Progress) Rate() float64 {
	if p.Took <= 0 {
		return 0
	}
	return float64(p.Rows) / p.Took.Seconds()
}

// Left is how long the rest will take at that rate; 0 where nobody knows.
func (p Progress) Left() time.Duration {
	if p.Rows <= 0 || p.Rows >= p.Of {
		return 0
	}
	return time.Duration(float64(p.Took) * float64(p.Of-p.Rows) / float64(p.Rows)).Round(time.Second)
}

// Tell hears how far something is.
type Tell func(Progress)

// meter tells how far something is.
type meter struct {
	tell  Tell
	now   Progress
	began time.Time
}

func metering(tell Tell, doing string, of int64) meter {
	return meter{tell: tell, now: Progress{Doing: doing, Of: of}, began: time.Now()}
}

func (m *meter) add(rows int64) {
	m.now.Rows += rows
	m.now.Took = time.Since(m.began)
	if m.tell != nil {
		m.tell(m.now)
	}
}
