package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
)

const magic = "plj0"

// pingMessage is the plainest request there is.
const pingMessage = `{"protocol":1,"type":0,"query":null,"rsalt":"gantry-interop-ping"}`

// signature is the HMAC of a message under a salt, as both sides of the protocol write it.
func signature(key []byte, salt, msg string) string {
	h := hmac.New(sha1.New, key)
	h.Write([]byte(salt))
	h.Write([]byte(msg))
	return hex.EncodeToString(h.Sum(nil))
}

// signedDatagram wraps a message as the reference's Python client does.
func signedDatagram(key []byte, now int64, msg string) []byte {
	salt := strconv.FormatInt(now, 10)
	return fmt.Appendf(nil, `%s{"msg": %s, "salt": "%s", "hmac": "%s"}`, magic, quoteASCII(msg), salt, signature(key, salt, msg))
}

// quoteASCII writes a JSON string with everything outside ASCII escaped, as Python does. Bytes that are no UTF-8 become U+FFFD.
func quoteASCII(text string) string {
	b := []byte{'"'}
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r >= ' ' && r < 0x7f:
			b = append(b, byte(r))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
	}
	return string(append(b, '"'))
}

// replyMessage takes the inner text out of a reply. It reads what is not UTF-8 too, byte by byte: the reference sends such text.
func replyMessage(datagram []byte) ([]byte, bool) {
	body, ok := bytes.CutPrefix(datagram, []byte(magic))
	if !ok {
		return nil, false
	}
	var envelope struct{ Msg string }
	if err := json.Unmarshal(body, &envelope); err != nil {
		return nil, false
	}
	return []byte(envelope.Msg), true
}

// pingOK tells whether a ping's answer says that a config is loaded.
func pingOK(msg []byte) bool { return bytes.HasPrefix(msg, []byte(`{"protocol":1,"status":0,`)) }
