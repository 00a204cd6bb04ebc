package config

import (
	"strings"
	"testing"
)

// transcoded reads one value of a shape; a problem is returned as text.
func transcoded(s *shape, in string) (out, problem string) {
	t := newTranscoder([]byte(in + "]"))
	if !t.value(s) {
		return "", t.err.Rule
	}
	if t.in[t.pos] != ']' || t.pos != t.end-1 {
		return "", "not read to its end"
	}
	return string(t.out), ""
}

func shaped(t *testing.T, s *shape, table [][2]string) {
	t.Helper()
	for _, c := range table {
		if got, problem := transcoded(s, c[0]); problem != "" || got != c[1] {
			t.Errorf("%s: got %s%s, want %s", c[0], got, problem, c[1])
		}
	}
}

func refused(t *testing.T, s *shape, table [][2]string) {
	t.Helper()
	for _, c := range table {
		if got, problem := transcoded(s, c[0]); problem != c[1] {
			t.Errorf("%s: got %s, problem %q, want %q", c[0], got, problem, c[1])
		}
	}
}

func TestIntegers(t *testing.T) {
	shaped(t, integer, [][2]string{
		{"0", "0"}, {"-0", "0"}, {"-0.0", "0"}, {"7", "7"}, {"-7", "-7"}, {"1.0", "1"}, {"5000000.0", "5000000"}, {"1e3", "1000"}, {"1E+3", "1000"},
		{"12.5e1", "125"}, {"100e-2", "1"}, {"0.5", "0"}, {"1.5", "2"}, {"2.5", "2"}, {"3.5", "4"}, {"-0.5", "0"}, {"-1.5", "-2"}, {"-2.5", "-2"},
		{"1023.5", "1024"}, {"1024.5", "1024"}, {"2.50000000000000000000001", "3"}, {"2.4999999999999999999999", "2"}, {"9.5", "10"}, {"99.7", "100"},
		{"0.49", "0"}, {"0.51", "1"}, {"0.05", "0"}, {"0.09", "0"}, {"5e-1", "0"}, {"51e-2", "1"}, {"1e-400", "0"}, {"0e400", "0"}, {"0.0e-99999999999999999999", "0"},
		{"9007199254740993", "9007199254740993"},
		{"9223372036854775807", "9223372036854775807"}, {"9223372036854775808", "-9223372036854775808"}, {"-9223372036854775809", "9223372036854775807"},
		{"18446744073709551620", "4"}, {"36893488147419103236", "4"}, {"-18446744073709551612", "4"}, {"1e20", "7766279631452241920"}, {"4e300", "0"},
		{"0.0000000000000000000000000000001e31", "1"},
	})
	shaped(t, unbound, [][2]string{
		{"5000000.0", "5000000"}, {"18446744073709551620", "18446744073709551620"}, {"1e22", "10000000000000000000000"}, {"1795289280819923000", "1795289280819923000"},
		{"-2.5", "-2"}, {"123456789012345678901234567890.5", "123456789012345678901234567890"},
	})
	refused(t, integer, [][2]string{
		{`"7"`, "not a number"}, {"true", "not a number"}, {"[]", "not a number"}, {"{}", "not a number"}, {"null", "not a number"},
		{"1e400", "a number out of range"}, {"-1e400", "a number out of range"}, {"1" + strings.Repeat("0", 400), "a number out of range"},
		{"01", "not read to its end"}, {"1.", "unexpected ']'"}, {".5", "not a number"}, {"+1", "not a number"}, {"-", "unexpected ']'"}, {"1e", "unexpected ']'"},
		{"1e+", "unexpected ']'"}, {"--1", "unexpected '-'"}, {"1-2", "not read to its end"}, {"0x10", "not read to its end"}, {"NaN", "not a number"}, {"-Infinity", "unexpected 'I'"},
	})
}

func TestDoubles(t *testing.T) {
	shaped(t, double, [][2]string{
		{"1", "1"}, {"1.0", "1"}, {"0", "0"}, {"-0", "0"}, {"-0.0", "0"}, {"0.1", "0.1"}, {"5.2", "5.2"}, {"-5.2", "-5.2"}, {"3.14", "3.14"},
		{"9999999.5", "9999999.5"}, {"10000000.5", "1.00000005e7"}, {"12345678.9", "1.23456789e7"}, {"0.05", "5.0e-2"}, {"0.099", "9.9e-2"}, {"-0.05", "-5.0e-2"},
		{"1700000000.5", "1.7000000005e9"}, {"1.7952890998042417e9", "1.7952890998042417e9"}, {"1e22", "10000000000000000000000"}, {"1e23", "99999999999999991611392"},
		{"123456789012345678", "123456789012345680"}, {"5e-324", "5.0e-324"}, {"1e-400", "0"}, {"1e-100", "1.0e-100"}, {"1.5e-10", "1.5e-10"},
		{"9007199254740993", "9007199254740992"}, {"0.30000000000000004", "0.30000000000000004"}, {"1.00000000000000000001", "1"},
	})
}

func TestTimes(t *testing.T) {
	shaped(t, seconds, [][2]string{
		{"0", "0"}, {"-0.0", "0"}, {"1", "1"}, {"1700000000", "1700000000"}, {"1700000000.5", "1.7000000005e9"}, {"1795289099.8042417", "1.7952890998042417e9"},
		{"1.7952890998042417e9", "1.7952890998042417e9"}, {"0.1", "0.1"}, {"-1.5", "-1.5"}, {"-0.25", "-0.25"}, {"1e-13", "0"}, {"6e-13", "1.0e-12"},
		{"1e18", "1000000000000000000"}, {"1e20", "100000000000000000000"}, {"1e25", "10000000000000000905969664"},
	})
}

// A time is kept as whole picoseconds, computed in a double: near the present that is coarser than the double itself.
func TestTimesSettleAtOnce(t *testing.T) {
	changed := 0
	for i := range 20000 {
		f := 1.7e9 + float64(i)*4711.000001
		once := string(appendTime(nil, f))
		if twice, _ := transcoded(seconds, once); twice != once {
			t.Fatalf("%v: first %s, then %s", f, once, twice)
		}
		if once != string(appendDouble(nil, f)) {
			changed++
		}
	}
	if changed == 0 || changed > 10000 {
		t.Errorf("%d of 20000 times changed", changed)
	}
}

func TestStrings(t *testing.T) {
	shaped(t, text, [][2]string{
		{`""`, `""`}, {`"a"`, `"a"`}, {`"0123456789abcdef"`, `"0123456789abcdef"`}, {`"a\/b"`, `"a/b"`}, {`"\"\\"`, `"\"\\"`},
		{`"\b\f\n\r\t"`, `"\b\f\n\r\t"`}, {`"\u0008\u000C\u000a\u000D\u0009"`, `"\b\f\n\r\t"`}, {`"\u0000\u001F\u000b"`, `"\u0000\u001f\u000b"`},
		{`"\u007f\u0041\u0022\u005c\u002f"`, "\"\x7fA\\\"\\\\/\""}, {`"\u00e9"`, `"é"`}, {`"é"`, `"é"`}, {`"1234567é90123456"`, `"1234567é90123456"`},
		{`"\u2603☃"`, `"☃☃"`}, {`"\ud834\udd1e"`, `"𝄞"`}, {`"\uD834\uDD1E𝄞\ud83d\ude00"`, `"𝄞𝄞😀"`}, {`"\ufffd\uffff"`, "\"\ufffd\uffff\""},
		{"\"\x7f\"", "\"\x7f\""},
	})
	refused(t, text, [][2]string{
		{`7`, "not a string"}, {`["a"]`, "not a string"}, {`null`, "not a string"},
		{"\"a\nb\"", "unexpected byte 0x0a"}, {"\"a\x00b\"", "unexpected byte 0x00"}, {"\"a\x1f\"", "unexpected byte 0x1f"},
		{`"\x"`, "unexpected 'x'"}, {`"\u12g4"`, "unexpected 'g'"}, {`"\u12"`, `unexpected '"'`},
		{`"\ud834"`, "lone surrogate"}, {`"\udd1e"`, "lone surrogate"}, {`"\ud834\n"`, "lone surrogate"}, {`"\ud834x"`, "lone surrogate"}, {`"\ud834\u0041"`, "lone surrogate"},
		{`"\ud834\ud834\udd1e"`, "lone surrogate"}, {`"\ud834\u12"`, `unexpected '"'`},
		{"\"\xff\"", "invalid UTF-8"}, {"\"\xc3\"", "invalid UTF-8"}, {"\"\xc0\x80\"", "invalid UTF-8"}, {"\"\xed\xa0\x80\"", "invalid UTF-8"}, {"\"\xf4\x90\x80\x80\"", "invalid UTF-8"},
		{`"abc`, "unexpected end"}, {`'a'`, "not a string"},
	})
}

// Every control character, quote and backslash, at every place in a word, is found.
func TestPlainEnd(t *testing.T) {
	for c := range 256 {
		for at := range 20 {
			in := []byte(strings.Repeat("a", 24) + strings.Repeat("\x00", windowPad))
			in[at] = byte(c)
			want := at
			if c >= ' ' && c < 0x80 && c != '"' && c != '\\' {
				want = 24
			}
			if got := plainEnd(in, 0); got != want {
				t.Fatalf("byte %#x at %d: found at %d", c, at, got)
			}
		}
	}
}

func TestFreeValues(t *testing.T) {
	shaped(t, free, [][2]string{
		{`null`, `null`}, {`true`, `true`}, {`false`, `false`}, {`[ ]`, `[]`}, {`{ }`, `{}`}, {` [1, 2.0 ,3.50]`[1:], `[1,2,3.5]`},
		{`{"b" : 1,"a":2, "b":3}`, `{"b":1,"a":2,"b":3}`}, {`{"k\u0065y":{"x":[{}]}}`, `{"key":{"x":[{}]}}`},
		{`1e22`, `10000000000000000000000`}, {`9007199254740993`, `9007199254740993`}, {`0.05`, `5.0e-2`}, {`-0`, `0`}, {`-0.0`, `0`}, {`1.5e3`, `1500`},
		{`1e-400`, `0.0`}, {`1.00000000000000000001`, `1.0`}, {`123456789.25`, `1.2345678925e8`},
	})
	refused(t, free, [][2]string{
		{`[1,]`, "unexpected ']'"}, {`{"a":1,}`, "unexpected '}'"}, {`{"a"}`, "unexpected '}'"}, {`{a:1}`, "unexpected 'a'"}, {`{"a":1 "b":2}`, `unexpected '"'`},
		{`[1 2]`, "unexpected '2'"}, {`nul`, "unexpected ']'"}, {`nULL`, "unexpected 'U'"}, {`truth`, "unexpected 't'"},
		{strings.Repeat("[", MaxDepth+1), "nested more than 100 levels deep"}, {`{1:2}`, "unexpected '1'"}, {"[\v1]", "unexpected byte 0x0b"},
	})
	deepest := strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)
	shaped(t, free, [][2]string{{deepest, deepest}})
}

func TestContainersAndSets(t *testing.T) {
	shaped(t, freeDict, [][2]string{
		{`{}`, `{}`}, {`{"b":1,"a":2}`, `{"a":2,"b":1}`}, {`{"a":1,"a":2}`, `{"a":2}`}, {`{"a":1,"b":2,"a":null}`, `{"a":null,"b":2}`},
		{`{"é":1,"z":2,"\u0001":3,"\n":4,"\"":5}`, `{"\u0001":3,"\n":4,"\"":5,"z":2,"é":1}`}, {`{"ab":1,"a":2}`, `{"a":2,"ab":1}`}, {`{"\n":1,"":2}`, `{"":2,"\n":1}`},
		{`{"b":{"z":1,"y":2},"a":[]}`, `{"a":[],"b":{"z":1,"y":2}}`},
	})
	shaped(t, textDict, [][2]string{{`{"b":"x","a":null}`, `{"b":"x"}`}, {`{"a":null}`, `{}`}})
	refused(t, textDict, [][2]string{{`{"a":1}`, "not a string"}, {`[]`, "not an object"}})
	shaped(t, hypervisorDict, [][2]string{{`{"fake":{},"xen-hvm":{"b":1,"a":2},"kvm":{}}`, `{"kvm":{},"xen-hvm":{"a":2,"b":1},"fake":{}}`}})
	refused(t, hypervisorDict, [][2]string{{`{"qemu":{}}`, "no hypervisor"}})
	shaped(t, textSet, [][2]string{
		{`[]`, `[]`}, {`["b","a","a"]`, `["a","b"]`}, {`["a","b"]`, `["a","b"]`}, {`["é","z","\n"]`, `["\n","z","é"]`}, {`["a","a"]`, `["a"]`}, {`["","a",""]`, `["","a"]`},
	})
	refused(t, textSet, [][2]string{{`["a",1]`, "not a string"}, {`{}`, "not a list"}, {`"a"`, "not a list"}})
}

func TestSpecialShapes(t *testing.T) {
	memory := special((*transcoder).memory)
	shaped(t, memory, [][2]string{
		{`128`, `128`}, {`128.5`, `128`}, {`"128"`, `128`}, {`"1g"`, `1024`}, {`"1 GiB"`, `1024`}, {`"2T"`, `2097152`}, {`"512m"`, `512`}, {`"512MB"`, `512`}, {`" 3gb"`, `3072`},
	})
	refused(t, memory, [][2]string{{`""`, "not a size"}, {`"g"`, "not a size"}, {`"1k"`, "not a size"}, {`"1.5g"`, "not a size"}, {`"1 g "`, "not a size"}, {`true`, "not a number"}})

	id := special((*transcoder).logicalID)
	shaped(t, id, [][2]string{{`["vg", "lv"]`, `["vg","lv"]`}, {`["a","b",11000.0,0,1,"s"]`, `["a","b",11000,0,1,"s"]`}})
	const wrongID = "neither two strings nor the six values of a DRBD disk"
	refused(t, id, [][2]string{
		{`[]`, wrongID}, {`["a"]`, wrongID}, {`["a","b",1]`, wrongID}, {`["a","b",1,2,3]`, wrongID}, {`["a","b",1,2,3,"s",7]`, wrongID}, {`"a"`, wrongID},
		{`["a",1]`, "not a string"}, {`["a","b","1",2,3,"s"]`, "not a number"}, {`["a","b",1,2,3,4]`, "not a string"},
	})

	shaped(t, special((*transcoder).ipv4Network), [][2]string{{`"192.0.2.0/24"`, `"192.0.2.0/24"`}})
	refused(t, special((*transcoder).ipv4Network), [][2]string{
		{`"192.0.2.0"`, "not an IPv4 network"}, {`"192.0.2.0/33"`, "not an IPv4 network"}, {`"2001:db8::/32"`, "not an IPv4 network"}, {`""`, "not an IPv4 network"},
	})
	refused(t, special((*transcoder).ipv4Address), [][2]string{{`"192.0.2"`, "not an IPv4 address"}, {`"::1"`, "not an IPv4 address"}, {`7`, "not a string"}})
	refused(t, special((*transcoder).bits), [][2]string{{`"0120"`, "not a string of 0 and 1"}})
	shaped(t, special((*transcoder).bits), [][2]string{{`"0110"`, `"0110"`}, {`""`, `""`}})
	refused(t, special((*transcoder).nonEmptyText), [][2]string{{`""`, "empty"}})
	refused(t, special((*transcoder).family), [][2]string{{`4`, "no address family: 4"}})
	shaped(t, special((*transcoder).jobID), [][2]string{{`7`, `7`}, {`"119"`, `119`}})
	refused(t, special((*transcoder).jobID), [][2]string{{`-1`, "negative"}, {`"x"`, "not a job id"}, {`[]`, "not a number"}})
	refused(t, hypervisors, [][2]string{{`"qemu"`, `no hypervisor: "qemu"`}, {`1`, "not a string"}})
	refused(t, templates, [][2]string{{`"drbd8"`, "has drbd8"}, {`"disk"`, `no disk template: "disk"`}})
	refused(t, tupleOf("not two numbers", integer, integer), [][2]string{{`[]`, "not two numbers"}, {`[1]`, "not two numbers"}, {`[1,2,3]`, "not two numbers"}, {`{}`, "not two numbers"}})
}

func TestFilterRules(t *testing.T) {
	predicate := special((*transcoder).predicate)
	shaped(t, predicate, [][2]string{
		{`["opcode",["==","OP_ID","OP_TEST_DELAY"]]`, `["opcode",["==","OP_ID","OP_TEST_DELAY"]]`},
		{`["opcode",["=","OP_ID","X"]]`, `["opcode",["==","OP_ID","X"]]`},
		{`["jobid",["!=","id",7.0]]`, `["jobid",["!",["==","id",7]]]`},
		{`["jobid",["&",["!=","id",1],["|"],["!",null],["?","f"]]]`, `["jobid",["&",["!",["==","id",1]],["|"],["!",null],["?","f"]]]`},
		{`["reason",["=~","source","^x"]]`, `["reason",["=~","source","^x"]]`}, {`["reason",null]`, `["reason",null]`},
		{`["jobid",["<","id",18446744073709551616]]`, `["jobid",["<","id",18446744073709551616]]`},
	})
	refused(t, predicate, [][2]string{
		{`["x",null]`, `no predicate: "x"`}, {`["opcode"]`, "not a predicate and an expression"}, {`["opcode",[]]`, "a filter expression without operator"},
		{`["opcode",["==","a"]]`, `a filter operator with 1 operands: "=="`}, {`["opcode",["~","a"]]`, `no filter operator: "~"`}, {`["opcode",["<","a",1.5]]`, "not a whole number"},
		{`["opcode",["==","a",true]]`, "neither a string nor a number"}, {`["opcode","x"]`, "not a filter expression"}, {`["opcode",["!","x"]]`, "not a filter expression"},
	})
	action := special((*transcoder).action)
	shaped(t, action, [][2]string{{`"REJECT"`, `"REJECT"`}, {`["RATE_LIMIT",3.0]`, `["RATE_LIMIT",3]`}})
	refused(t, action, [][2]string{
		{`"reject"`, `no filter action: "reject"`}, {`["RATE_LIMIT",0]`, "not a positive number"}, {`["RATE_LIMIT",-1]`, "not a positive number"},
		{`["RATE_LIMIT","3"]`, "not a positive number"}, {`["RATE_LIMIT"]`, "not a filter action"}, {`["ACCEPT",1]`, `no filter action: "ACCEPT"`}, {`7`, "not a filter action"},
	})
}
