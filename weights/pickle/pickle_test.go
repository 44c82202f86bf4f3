package pickle

import (
	"bufio"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

func read(r Reader, text string) (any, int64, error) {
	return r.Read(bufio.NewReader(strings.NewReader(text)), int64(len(text)))
}

// show writes a value in Python's way, as far as it goes.
func show(v any) string {
	var parts []string
	switch x := v.(type) {
	case nil:
		return "None"
	case Tuple:
		for _, item := range x {
			parts = append(parts, show(item))
		}
		return "(" + strings.Join(parts, ", ") + ")"
	case *List:
		return "list" + show(Tuple(x.Items))
	case Set:
		return "set" + show(Tuple(x.Items))
	case *Dict:
		for i := range x.Keys {
			parts = append(parts, show(x.Keys[i])+": "+show(x.Values[i]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case *Object:
		return x.Class.String() + show(x.Args) + "<" + show(x.State) + ">"
	case []byte, string:
		return fmt.Sprintf("%q", x)
	case *big.Int:
		return x.String() + "L"
	}
	return fmt.Sprint(v)
}

// The pickles were made by CPython's pickle.dumps.
func TestValues(t *testing.T) {
	for text, want := range map[string]string{
		"(lp0\nI1\naI-2\naL123456789012345678901234567890L\naF1.5\naI01\naNa.":                  "list(1, -2, 123456789012345678901234567890L, 1.5, true, None)",
		"\x80\x02]q\x00(K\xffM\xff\xffJ\xff\xff\xff\xff\x8a\x05\x00\x00\x00\x00\x80\x88\x89Ne.": "list(255, 65535, -1, -549755813888, true, false, None)",
		"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.":                                              "119547037146038801333356L",
		"\x80\x02\x8a\x00.":                       "0",
		"\x80\x02G?\xf8\x00\x00\x00\x00\x00\x00.": "1.5",
		"\x80\x04\x95\x11\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94K\x01\x8c\x01b\x94h\x01u.": `{"a": 1, "b": "a"}`,
		"\x80\x04\x8f\x94(K\x01K\x02\x90.":                                                   "set(1, 2)",
		"\x80\x02X\x02\x00\x00\x00\xc3\xa9C\x03abcU\x01x\x87.":                               `("é", "abc", "x")`,
		"\x80\x02cargparse\nNamespace\nq\x00)\x81q\x01}q\x02X\x01\x00\x00\x00aq\x03K\x01sb.": `argparse.Namespace()<{"a": 1}>`,
		"ccollections\nOrderedDict\n((lp0\n(lp1\nS'a'\naI1\naatR.":                           `collections.OrderedDict(list(list("a", 1)))<None>`,
		"(I1\nI2\nimodule\nname\n.":                                                          "module.name(1, 2)<None>",
		"\x80\x02}(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00aK\x02u.":                         `{"a": 2}`,
		"\x80\x02(K\x01K\x021K\x03.":                                                         "3",
		"\x80\x05\x96\x02\x00\x00\x00\x00\x00\x00\x00hi.":                                    `"hi"`,
	} {
		v, n, err := read(Reader{}, text+"rest")
		if err != nil || show(v) != want || n != int64(len(text)) {
			t.Errorf("%q: %s after %d bytes (%v), want %s after %d", text, show(v), n, err, want, len(text))
		}
	}
}

func TestBrokenPickles(t *testing.T) {
	refused := Reader{Allow: func(g Global) error { return errors.New("not " + g.String()) }}
	for text, want := range map[string]string{
		"":                          "cut off",
		"\x80\x02K":                 "cut off",
		"\x80\x09.":                 "protocol 9",
		"\xff.":                     "0xff",
		"0.":                        "too low",
		"t.":                        "no mark",
		"\x80\x02(K\x01\x85.":       "", // takes what is above the mark
		"\x80\x02K\x01(\x85.":       "too low",
		"\x80\x02K\x01K\x02a.":      "cannot be added",
		"\x80\x02(K\x01d.":          "without a value",
		"\x80\x02h\x05.":            "number 5",
		"\x80\x02X\xff\xff\xff\x7f": "at most",
		"\x80\x05\x8e\xff\xff\xff\xff\xff\xff\xff\xff.": "at most",
		"\x80\x02\x8b\x00\x00\x10\x00":                  "at most",
		"Ione\n.":                                       "not an integer",
		"Sx\n.":                                         "quotes",
		"cos\nsystem\n.":                                "not os.system",
		"\x80\x04\x8c\x02os\x8c\x06system\x93.":         "not os.system",
		"Pid\n.":                                        "outside",
		"\x80\x02K\x01)R.":                              "cannot be called",
		"\x80\x02cos\nsystem\nK\x01R.":                  "not os.system",
		"\x82\x01.":                                     "0x82",
	} {
		_, _, err := read(refused, text)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want an error with %q", text, err, want)
		}
	}
}

// A list that holds itself can be read; a pickle that does nothing for ever cannot.
func TestEndlessPickles(t *testing.T) {
	v, _, err := read(Reader{}, "\x80\x02]q\x00h\x00a.")
	if l, ok := v.(*List); err != nil || !ok || l.Items[0] != v {
		t.Errorf("%v, %v", v, err)
	}
	if _, _, err := read(Reader{}, strings.Repeat("N0", maxOps)); err == nil || !strings.Contains(err.Error(), "operations") {
		t.Errorf("got %v, want an error about the number of operations", err)
	}
}
