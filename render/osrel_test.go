package render

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"testing"
)

func TestAppendOsrel(t *testing.T) {
	for osrel, want := range map[int32]string{
		0: "0\n", 1400097: "1400097\n", 197120: "197120\n", math.MaxInt32: "2147483647\n", -1: "-1\n", math.MinInt32: "-2147483648\n",
	} {
		if got := string(AppendOsrel(nil, &osrel)); got != want {
			t.Errorf("%d prints %q, want %q", osrel, got, want)
		}
	}
}

func TestAppendOsrelAllocs(t *testing.T) {
	osrel := int32(math.MinInt32)
	noAllocs(t, func(dst []byte) []byte { return AppendOsrel(dst, &osrel) })
}

func TestParseOsrel(t *testing.T) {
	for text, want := range map[string]int32{
		"": 0, "\n": 0, " \t\n\v\f\r": 0, "0": 0, "1400097": 1400097, "1400097\n": 1400097, "7 \r\n": 7, "007": 7,
		"2147483647": math.MaxInt32, "00000000000000000000000000000000000002147483647": math.MaxInt32,
	} {
		if got, err := ParseOsrel([]byte(text)); err != nil || got != want {
			t.Errorf("%q is %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"-1", "+1", " 1", "\n1", "1 2", "0x10", "1\x00", "\x00", "1e3", "1\u00a0", "1\x85", "2147483648", "4294967296", "4294967297",
		"9223372036854775807", "9223372036854775808", "18446744073709551617", "99999999999999999999999999", "1/", "1:", "a", "٣",
	} {
		if got, err := ParseOsrel([]byte(text)); !errors.Is(err, ErrSyntax) || got != 0 {
			t.Errorf("%q is %d, %v, want an error", text, got, err)
		}
	}
}

func FuzzOsrel(f *testing.F) {
	f.Add([]byte("1400097\n"))
	f.Add([]byte(""))
	f.Add([]byte("2147483648"))
	f.Add([]byte("00 \v"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := ParseOsrel(data)
		digits := bytes.TrimRight(data, " \t\n\v\f\r")
		want, ok := new(big.Int).SetString("0"+string(digits), 10)
		ok = ok && len(bytes.Trim(digits, "0123456789")) == 0 && want.Cmp(big.NewInt(math.MaxInt32)) <= 0
		if !ok {
			if !errors.Is(err, ErrSyntax) || got != 0 {
				t.Fatalf("%q is %d, %v, want an error", data, got, err)
			}
			return
		}
		if err != nil || int64(got) != want.Int64() {
			t.Fatalf("%q is %d, %v, want %v", data, got, err, want)
		}
		if again, err := ParseOsrel(AppendOsrel(nil, &got)); err != nil || again != got {
			t.Fatalf("%d again is %d, %v", got, again, err)
		}
	})
}
