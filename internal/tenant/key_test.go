package tenant

import (
	"testing"

	"github.com/docket-desk/docket/internal/id"
)

func TestAnAccessKeyIsReadBackAndIsTwentyCharacters(t *testing.T) {
	for _, i := range []id.ID{1, 35, 36, 1 << 40, id.Max} {
		s := AccessKey(i)
		if got, err := ParseAccessKey(s); err != nil || got != i || len(s) != 20 {
			t.Errorf("%d is spelt %s (%d characters) and read as %d, %v", i, s, len(s), got, err)
		}
	}
	for _, s := range []string{"", "AKIAUNKNOWNUNKNOWN00", "AKDOCKET", "AKDOCKET00000000000a", "AKDOCKET000000000000", "AKDOCKETZZZZZZZZZZZZ", "AKDOCKET-00000000001"} {
		if i, err := ParseAccessKey(s); err == nil {
			t.Errorf("%q is read as %d", s, i)
		}
	}
}

func TestATokenNamesItsKeyInItsFirstSixteenDigits(t *testing.T) {
	if i, err := ParseToken("000000000000002a" + "aaaaaaaaaaaaaaaaaaaaaaaa"); err != nil || i != 42 {
		t.Errorf("got %d, %v", i, err)
	}
	for _, s := range []string{"", "2a", "000000000000002A" + "aaaaaaaaaaaaaaaaaaaaaaaa", "ffffffffffffffff" + "aaaaaaaaaaaaaaaaaaaaaaaa", "0000000000000000" + "aaaaaaaaaaaaaaaaaaaaaaaa"} {
		if i, err := ParseToken(s); err == nil {
			t.Errorf("%q names %d", s, i)
		}
	}
}
