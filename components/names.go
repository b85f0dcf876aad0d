package components

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
)

// namespaceID is the name space of the GUIDs of this project. Changing it
// replaces every app role and role assignment of every stack.
var namespaceID = [16]byte{0xc4, 0x8b, 0xb1, 0xa7, 0x70, 0x33, 0x45, 0x2d, 0xb1, 0x1c, 0xdb, 0xea, 0xd7, 0x19, 0x8f, 0xf5}

// stableID is the version 5 GUID of a name (RFC 9562 section 5.5): where Azure
// wants a GUID from us, the same input gets the same one from any machine.
func stableID(parts ...string) string {
	hash := sha1.New()
	hash.Write(namespaceID[:])
	hash.Write([]byte(strings.Join(parts, "\n")))
	id := hash.Sum(nil)[:16]
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// maxStorageName is what is left of a storage account's 24 lower-case letters
// and digits after Pulumi's eight.
const maxStorageName = 16

// storageName is the logical name of the storage account of a function app. No
// noun is appended, because there is no room for one.
func storageName(name string) string {
	short := strings.ReplaceAll(name, "-", "")
	if len(short) <= maxStorageName {
		return short
	}
	sum := sha1.Sum([]byte(name))
	return short[:maxStorageName-6] + hex.EncodeToString(sum[:3])
}
