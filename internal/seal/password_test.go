package seal

import (
	"errors"
	"strings"
	"testing"
)

func TestAPasswordIsItsHashAndNoOtherIs(t *testing.T) {
	one, two := Password("secret"), Password("secret")
	if string(one) == string(two) {
		t.Error("two hashes share a salt")
	}
	for password, want := range map[string]bool{"secret": true, "Secret": false, "": false} {
		if got, err := IsPassword(one, password); got != want || err != nil {
			t.Errorf("%q: %t, %v", password, got, err)
		}
	}
}

// The vector is argon2's own reference program's: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1.
func TestTheReferenceProgramsHashIsRead(t *testing.T) {
	const ref = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, err := IsPassword([]byte(ref), "password"); !ok || err != nil {
		t.Errorf("got %t, %v", ok, err)
	}
}

func TestAHashThatIsNoneOrCostsTooMuchIsNotComputed(t *testing.T) {
	const good = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	if ok, err := IsPassword([]byte(good), "x"); ok || err != nil {
		t.Fatalf("the pattern of what follows: %t, %v", ok, err)
	}
	for _, change := range [][2]string{
		{"argon2id", "argon2i"}, {"v=19", "v=16"}, {"m=8", "m=999999999"}, {"m=8", "m=0"}, {"m=8", "m=-8"}, {"t=1", "t=999"}, {"t=1", "t=0"},
		{"p=1", "p=255"}, {"p=1", "p=0"}, {"p=1", "p=1x"}, {"c2FsdHNhbHQ", "!"}, {"c2FsdHNhbHQ", "YQ"}, {"AAAAAAAAAAAA", "!"}, {"$AAAA", "$"}, {good, ""}, {good, "plain"},
		{"$" + strings.Repeat("A", 43), "$AAAA"},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if change[1] == "$" {
			bad = good[:strings.LastIndex(good, "$")+1]
		}
		if ok, err := IsPassword([]byte(bad), "x"); ok || !errors.Is(err, ErrPassword) {
			t.Errorf("%s: %t, %v", bad, ok, err)
		}
	}
}
