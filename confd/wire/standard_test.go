package wire

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"runtime"
)

// hmacHex is the standard library's HMAC-SHA1, in hex.
func hmacHex(key []byte, text string) []byte {
	mac := hmac.New(sha1.New, key)
	mac.Write([]byte(text))
	return hex.AppendEncode(nil, mac.Sum(nil))
}

// heapInUse returns the bytes of live objects.
func heapInUse() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
