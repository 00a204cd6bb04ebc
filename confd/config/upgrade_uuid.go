package config

import (
	"crypto/sha1"
	"strings"
)

// derivedNamespace is the namespace of UUIDs that are made from names. It was drawn once, at random, and must never change: the
// same old file must give the same UUIDs for ever.
var derivedNamespace = uuid{0x6b, 0x1d, 0x0a, 0x5c, 0x9e, 0x4f, 0x4d, 0x27, 0xb3, 0x86, 0x21, 0xf4, 0x0c, 0xd8, 0x75, 0xe2}

// derivedUUID is the UUID (version 5, RFC 9562) of an object that has none in an old layout. The reference draws such UUIDs at
// random, once, when its administrator upgrades the cluster. Here every master candidate upgrades on its own, whenever it reads
// the file, and all must give the same answers. The path names the object within the cluster, such as nodes, node1.example.com.
func (u *upgrade) derivedUUID(path ...string) string {
	h := sha1.New()
	h.Write(derivedNamespace[:])
	h.Write([]byte(u.origin + "/" + strings.Join(path, "/")))
	var id uuid
	copy(id[:], h.Sum(nil))
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}
