package imagery

import (
	"errors"
	"testing"
	"time"
)

func TestIntervalsOfEveryForm(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "0001-01-01T00:00:00Z 0001-01-01T00:00:00Z",
		"2017":                              "2017-01-01T00:00:00Z 2018-01-01T00:00:00Z",
		"2017-02":                           "2017-02-01T00:00:00Z 2017-03-01T00:00:00Z",
		"2017-02-28":                        "2017-02-28T00:00:00Z 2017-03-01T00:00:00Z",
		"20170228":                          "2017-02-28T00:00:00Z 2017-03-01T00:00:00Z",
		"2017-02-28T10":                     "2017-02-28T10:00:00Z 2017-02-28T11:00:00Z",
		"2017-02-28T10:30":                  "2017-02-28T10:30:00Z 2017-02-28T10:31:00Z",
		"2017-02-28T10:30:05Z":              "2017-02-28T10:30:05Z 2017-02-28T10:30:06Z",
		"2017-02-28 10:30:05Z":              "2017-02-28T10:30:05Z 2017-02-28T10:30:06Z",
		"2017-02-28T10:30:05+02:00":         "2017-02-28T08:30:05Z 2017-02-28T08:30:06Z",
		"2017-02-28T10:30:05.25Z":           "2017-02-28T10:30:05.25Z 2017-02-28T10:30:06.25Z",
		"2017/2021":                         "2017-01-01T00:00:00Z 2022-01-01T00:00:00Z",
		"2017-06/2017-07-15":                "2017-06-01T00:00:00Z 2017-07-16T00:00:00Z",
		"../2021":                           "0001-01-01T00:00:00Z 2022-01-01T00:00:00Z",
		"/2021":                             "0001-01-01T00:00:00Z 2022-01-01T00:00:00Z",
		"2017/..":                           "2017-01-01T00:00:00Z 0001-01-01T00:00:00Z",
		"2017/":                             "2017-01-01T00:00:00Z 0001-01-01T00:00:00Z",
		"../..":                             "0001-01-01T00:00:00Z 0001-01-01T00:00:00Z",
		"2020-07-01T00:00:00Z/2021-01-25":   "2020-07-01T00:00:00Z 2021-01-26T00:00:00Z",
		" 2020-07-01T00:00:00z / 2021-01 ":  "2020-07-01T00:00:00Z 2021-02-01T00:00:00Z",
		"2020-07-01T12:00:00/2020-07-01T12": "2020-07-01T12:00:00Z 2020-07-01T13:00:00Z",
	} {
		got, err := ParseInterval(text)
		if s := got.From.Format(time.RFC3339Nano) + " " + got.Until.Format(time.RFC3339Nano); err != nil || s != want {
			t.Errorf("%q is %s, %v; want %s", text, s, err, want)
		}
	}
	for _, text := range []string{"yesterday", "17", "2017-13", "2017-02-30", "2021/2017", "2017/2018/2019", "2017-01-01T25:00:00Z", "2017/P1Y", ".."} {
		got, err := ParseInterval(text)
		var refused *QueryError
		if !errors.As(err, &refused) || refused.Field != "datetime" {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}

func TestBothEndsBelongToAnInterval(t *testing.T) {
	i, err := ParseInterval("2017/2018")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Time]bool{
		time.Date(2016, 12, 31, 23, 59, 59, 0, time.UTC): false, time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC): true,
		time.Date(2018, 12, 31, 23, 59, 59, 999, time.UTC): true, time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC): false,
	} {
		if i.Holds(at) != want {
			t.Errorf("%s: %v", at, !want)
		}
	}
	if !(Interval{}).Holds(time.Time{}) {
		t.Error("the zero interval is not all time")
	}
}
